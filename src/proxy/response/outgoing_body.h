// The response's body between its source (a file, a text, an upstream server) and the client: runs
// it through the response's filters and frames it. It computes only; the caller sends the pieces.
//
//   OutgoingBody body;
//   body.begin(exchange, length);          // head complete: filters, framing, head text
//   pieces = body.frame(bytes, part);      // as often as bytes come, at last with BodyPart::last
//   co_await send_to_client(exchange, pieces, more);
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "http/chunked.h"
#include "proxy/filters/body_filters.h"

namespace baton::proxy {

struct Exchange;
struct Request;

class OutgoingBody {
 public:
  OutgoingBody() = default;
  OutgoingBody(const OutgoingBody&) = delete;
  OutgoingBody& operator=(const OutgoingBody&) = delete;
  OutgoingBody(OutgoingBody&&) = default;
  OutgoingBody& operator=(OutgoingBody&&) = default;

  // request.response has its status and lines; `length_bytes` is the body's size where it is known.
  // Chooses filters and framing and writes the head, which goes out with the first pieces.
  void begin(Exchange& exchange, std::optional<std::uint64_t> length_bytes);

  // True when bytes go out as they are: a file may be sent by the kernel, between the head (from
  // frame() of nothing) and the end.
  [[nodiscard]] bool is_plain() const { return filters_.empty() && !chunked_; }

  // For a body that is put together (page.h): leaves this with the filters in front of the page,
  // without a head and framing, and gives what comes behind. Before anything was framed.
  [[nodiscard]] bool is_to_be_split() const;
  OutgoingBody split();

  // What is to be sent now, good until the next call; may be empty. Every call's pieces are sent
  // before the next. A filter that failed shows in status(): the response cannot be completed.
  std::span<iovec> frame(std::string_view bytes, BodyPart part);
  [[nodiscard]] const Status& status() const { return status_; }
  // The same in bounded pieces: a few packed bytes may unpack to a thousand times as many. While
  // has_more() is true afterwards, the call is repeated with no bytes and the same `part`.
  std::span<iovec> frame_some(std::string_view bytes, BodyPart part);
  [[nodiscard]] bool has_more() const { return pending_ < filters_.size(); }

 private:
  std::string_view run_filters(std::string_view bytes, BodyPart part);
  std::span<iovec> frame_filtered(std::string_view bytes, BodyPart part);
  void frame_with_trailers(std::span<iovec, 3> pieces, std::string_view bytes);

  const Request* request_ = nullptr;
  BodyFilters filters_;
  std::size_t pending_ = SIZE_MAX;  // the filter whose output was bounded
  std::string trailers_;            // the end of the body with its trailers
  bool has_trailers_ = false;
  std::string filtered_[2];
  std::string drained_;  // several bounded outputs in a row
  bool chunked_ = false;
  bool bodyless_ = false;  // HEAD, 204, 304: the head is all
  Status status_;
  char size_line_[http::chunk_line_max];
  std::array<iovec, 4> pieces_{};  // head, chunk size line, bytes, chunk end
};

}  // namespace baton::proxy
