// gzip (RFC 1952) of a body on its way out. A body that is there in one piece is given to
// libdeflate, which takes about half of zlib's time but cannot stream; any other goes through zlib
// piece by piece. The memory that deflate works in, some 256 KB, is kept
// per thread: making it anew for each response would cost as much as compressing a small one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "config/model/compression.h"
#include "proxy/filters/body_filter.h"

struct z_stream_s;

namespace baton::proxy {

struct Request;

class GzipFilter final : public BodyFilter {
 public:
  // `length` of the whole body in bytes, where it is known: short ones get a smaller window.
  // Counts into `request`, which must outlive it.
  GzipFilter(const config::CompressionSettings& settings, std::optional<std::uint64_t> length,
             Request& request);
  ~GzipFilter() override;

  Status filter(std::string_view input, BodyPart part, std::string& output) override;

 private:
  struct Shape {
    int level = 1;
    int window_bits = 15;
    int memory_level = 8;
    friend bool operator==(const Shape&, const Shape&) = default;
  };
  struct Deflate;
  struct Spare;
  static std::unique_ptr<Deflate> take(const Shape& shape);
  // The whole body at once; false: libdeflate had no memory.
  bool pack_whole(std::string_view input, std::string& output);

  Shape shape_;
  int configured_window_bits_;
  Request& request_;
  std::unique_ptr<Deflate> deflate_;  // from the first bytes on
  bool flushed_ = false;
};

}  // namespace baton::proxy
