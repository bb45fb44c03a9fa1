// zlib's inflate behind a body filter.

#define ZLIB_CONST
#include "proxy/filters/gunzip_filter.h"

#include <zlib.h>

namespace baton::proxy {

namespace {

constexpr std::size_t output_bytes_max = 65536;

}  // namespace

struct GunzipFilter::Inflate {
  z_stream stream{};
  bool usable = false;
  Inflate() {
    constexpr int gzip_head_only = 16;
    usable = inflateInit2(&stream, MAX_WBITS + gzip_head_only) == Z_OK;
  }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate() { inflateEnd(&stream); }
};

GunzipFilter::GunzipFilter() : inflate_(std::make_unique<Inflate>()) {}

GunzipFilter::~GunzipFilter() = default;

// Unpacks into at most `room` bytes. False: the body is broken.
bool GunzipFilter::inflate_some(std::string& output, std::size_t room) {
  z_stream& stream = inflate_->stream;
  const std::size_t before = output.size();
  int outcome = Z_OK;
  output.resize_and_overwrite(before + room, [&](char* bytes, std::size_t) {
    stream.next_out = reinterpret_cast<Bytef*>(bytes + before);
    stream.avail_out = static_cast<uInt>(room);
    outcome = inflate(&stream, Z_SYNC_FLUSH);
    return before + room - stream.avail_out;
  });
  finished_ = outcome == Z_STREAM_END;
  return outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR;
}

Status GunzipFilter::filter(std::string_view input, BodyPart part, std::string& output) {
  if (!inflate_->usable) return fail(ErrorKind::system, "inflateInit2() failed");
  z_stream& stream = inflate_->stream;
  waiting_.append(input);
  stream.next_in = reinterpret_cast<const Bytef*>(waiting_.data());
  stream.avail_in = static_cast<uInt>(waiting_.size());
  stream.avail_out = 1;
  const std::size_t end = output.size() + output_bytes_max;
  while (output.size() < end) {
    if (finished_) {
      // Several members may follow each other (RFC 1952 section 2.2).
      if (stream.avail_in == 0) break;
      inflateReset(&stream);
    }
    const std::size_t before = output.size();
    if (!inflate_some(output, end - before)) {
      return fail(ErrorKind::malformed, "inflate() failed");
    }
    if (output.size() == before && stream.avail_in == 0) break;
  }
  waiting_.erase(0, waiting_.size() - stream.avail_in);
  has_more_ = output.size() == end;
  if (part == BodyPart::last && !has_more_ && !finished_) {
    return fail(ErrorKind::malformed, "gzip body ended too early");
  }
  return Status{};
}

}  // namespace baton::proxy
