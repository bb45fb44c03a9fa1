// zlib's deflate and libdeflate behind a body filter.

#define ZLIB_CONST
#include "proxy/filters/gzip_filter.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "proxy/request.h"

namespace baton::proxy {

struct GzipFilter::Deflate {
  Shape shape;
  z_stream stream{};
  bool usable = false;

  explicit Deflate(const Shape& of) : shape(of) {
    constexpr int with_gzip_head = 16;
    usable = deflateInit2(&stream, of.level, Z_DEFLATED, of.window_bits + with_gzip_head,
                          of.memory_level, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
  ~Deflate() { deflateEnd(&stream); }
};

// What a thread keeps for its next responses.
struct GzipFilter::Spare {
  static constexpr std::size_t kept_max = 8;
  static constexpr std::size_t levels = 10;
  struct Free {
    void operator()(libdeflate_compressor* compressor) const {
      libdeflate_free_compressor(compressor);
    }
  };
  std::vector<std::unique_ptr<Deflate>> streams;
  std::array<std::unique_ptr<libdeflate_compressor, Free>, levels> compressors;  // by level

  static Spare& of_thread() {
    thread_local Spare spare;
    return spare;
  }
};

namespace {

constexpr std::size_t output_step_bytes = 16384;
// libdeflate stores what is shorter as it is.
constexpr std::size_t whole_bytes_min = 64;

// Room behind what `output` holds; the bytes in it are not set.
std::size_t add_room(std::string& output) {
  const std::size_t used = output.size();
  const std::size_t size = std::max(output.capacity(), used + output_step_bytes / 4);
  output.resize_and_overwrite(size, [size](char*, std::size_t) { return size; });
  return size - used;
}

}  // namespace

GzipFilter::GzipFilter(const config::CompressionSettings& settings,
                       std::optional<std::uint64_t> length, Request& request)
    : shape_{settings.level, settings.window_bits, settings.memory_level},
      configured_window_bits_(settings.window_bits),
      request_(request) {
  // deflate looks back 262 bytes less than its window holds.
  constexpr std::uint64_t lookahead_bytes = 262;
  while (length && *length > 0 && shape_.window_bits > 9 &&
         *length + lookahead_bytes < std::uint64_t{1} << (shape_.window_bits - 1)) {
    --shape_.window_bits;
    shape_.memory_level = std::max(shape_.memory_level - 1, 1);
  }
}

GzipFilter::~GzipFilter() {
  if (!deflate_) return;
  auto& spare = Spare::of_thread().streams;
  if (spare.size() < Spare::kept_max) spare.push_back(std::move(deflate_));
}

std::unique_ptr<GzipFilter::Deflate> GzipFilter::take(const Shape& shape) {
  auto& spare = Spare::of_thread().streams;
  const auto fitting = std::ranges::find_if(
      spare, [&shape](const auto& deflate) { return deflate->shape == shape; });
  if (fitting == spare.end()) {
    // A stream of another shape makes room for the one that is in use now.
    if (spare.size() == Spare::kept_max) spare.erase(spare.begin());
    return std::make_unique<Deflate>(shape);
  }
  auto taken = std::move(*fitting);
  spare.erase(fitting);
  deflateReset(&taken->stream);
  return taken;
}

bool GzipFilter::pack_whole(std::string_view input, std::string& output) {
  const auto level = static_cast<std::size_t>(shape_.level);
  auto& compressor = Spare::of_thread().compressors[level];
  if (!compressor) compressor.reset(libdeflate_alloc_compressor(shape_.level));
  if (!compressor) return false;
  const std::size_t before = output.size();
  const std::size_t room = libdeflate_gzip_compress_bound(compressor.get(), input.size());
  output.resize_and_overwrite(before + room, [&](char* text, std::size_t) {
    return before + libdeflate_gzip_compress(compressor.get(), input.data(), input.size(),
                                             text + before, room);
  });
  request_.gzip_in_bytes += input.size();
  request_.gzip_out_bytes += output.size() - before;
  return true;
}

Status GzipFilter::filter(std::string_view input, BodyPart part, std::string& output) {
  // Where nothing lies further back than gzip_window allows, its size makes no difference.
  const bool near = configured_window_bits_ == MAX_WBITS ||
                    input.size() <= std::size_t{1} << configured_window_bits_;
  const bool whole = !deflate_ && part == BodyPart::last && input.size() >= whole_bytes_min && near;
  if (whole && pack_whole(input, output)) return Status{};
  if (!deflate_) deflate_ = take(shape_);
  if (!deflate_->usable) return fail(ErrorKind::system, "deflateInit2() failed");
  // A second flush of nothing would write nothing but an empty block.
  if (input.empty() && (part == BodyPart::more || (part == BodyPart::flush && flushed_))) {
    return Status{};
  }
  const int mode = part == BodyPart::last    ? Z_FINISH
                   : part == BodyPart::flush ? Z_SYNC_FLUSH
                                             : Z_NO_FLUSH;
  flushed_ = part == BodyPart::flush;
  z_stream& stream = deflate_->stream;
  stream.next_in = reinterpret_cast<const Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  const std::size_t before = output.size();
  if (output.capacity() - before < output_step_bytes) output.reserve(before + output_step_bytes);
  int outcome = Z_OK;
  do {
    const std::size_t room = add_room(output);
    stream.next_out = reinterpret_cast<Bytef*>(output.data() + output.size() - room);
    stream.avail_out = static_cast<uInt>(room);
    outcome = deflate(&stream, mode);
    output.resize(output.size() - stream.avail_out);
    if (outcome == Z_STREAM_ERROR) return fail(ErrorKind::system, "deflate() failed");
    // Output that filled the room may have more behind it.
  } while (stream.avail_out == 0 && outcome != Z_STREAM_END);
  request_.gzip_in_bytes += input.size();
  request_.gzip_out_bytes += output.size() - before;
  return Status{};
}

}  // namespace baton::proxy
