// Filtering and framing.

#include "proxy/outgoing_body.h"

#include "proxy/exchange.h"
#include "proxy/relay.h"
#include "proxy/response_head.h"

namespace baton::proxy {

void OutgoingBody::begin(Exchange& exchange, std::optional<std::uint64_t> length_bytes) {
  Request& request = exchange.request;
  bodyless_ = is_bodyless(request);
  request.response.content_length = length_bytes;
  filters_ = make_body_filters(exchange);
  const auto& length = request.response.content_length;
  choose_framing(exchange, length ? http::Framing{http::BodyKind::length, *length}
                                  : http::Framing{http::BodyKind::chunked, 0});
  if (exchange.sink) exchange.chunked = false;
  chunked_ = exchange.chunked;
  request.header_sent = true;
  pieces_[0] = iovec{nullptr, 0};
  if (exchange.sink) return;
  write_response_head(exchange);
  pieces_[0] = piece_of(exchange.head_text);
}

std::string_view OutgoingBody::run_filters(std::string_view bytes, BodyPart part) {
  std::size_t turn = 0;
  for (const auto& filter : filters_) {
    std::string& output = filtered_[turn];
    turn ^= 1;
    output.clear();
    if (status_) status_ = filter->filter(bytes, part, output);
    bytes = output;
  }
  return bytes;
}

std::span<iovec> OutgoingBody::frame(std::string_view bytes, BodyPart part) {
  // The head went out with the pieces before.
  if (pieces_[0].iov_len == 0) pieces_[0] = iovec{nullptr, 0};
  const bool last = part == BodyPart::last;
  if (bodyless_) bytes = {};
  if (!filters_.empty() && !bodyless_) bytes = run_filters(bytes, part);
  const std::span<iovec, 3> body = std::span(pieces_).subspan<1, 3>();
  if (chunked_) {
    frame_chunk(body, {const_cast<char*>(bytes.data()), bytes.size()}, last, size_line_);
  } else {
    body[0] = piece_of(bytes);
    body[1] = body[2] = iovec{nullptr, 0};
  }
  return pieces_;
}

}  // namespace baton::proxy
