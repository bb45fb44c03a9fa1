// Filtering and framing.

#include "proxy/response/outgoing_body.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/client/client_output.h"
#include "proxy/exchange.h"
#include "proxy/forwarding/relay.h"
#include "proxy/response/added_headers.h"
#include "proxy/response/response_head.h"

namespace baton::proxy {

void OutgoingBody::begin(Exchange& exchange, std::optional<std::uint64_t> length_bytes) {
  Request& request = exchange.request;
  request_ = &request;
  bodyless_ = is_bodyless(request);
  request.response.content_length = length_bytes;
  // nginx's order: what the configuration adds is known to the filters behind it.
  if (!request.subrequest) add_configured_headers(request);
  add_charset(request);
  filters_ = make_body_filters(exchange);
  has_trailers_ = !bodyless_ && wants_trailers(request) && request.head.version_minor >= 1 &&
                  request.location->chunked_transfer_encoding;
  if (has_trailers_) request.response.content_length.reset();
  const auto& length = request.response.content_length;
  choose_framing(exchange, length ? http::Framing{http::BodyKind::length, *length}
                                  : http::Framing{http::BodyKind::chunked, 0});
  if (exchange.sink) exchange.chunked = false;
  chunked_ = exchange.chunked;
  request.header_sent = true;
  pieces_[0] = iovec{nullptr, 0};
  if (exchange.sink) return;
  begin_pacing(exchange);
  write_response_head(exchange);
  pieces_[0] = piece_of(exchange.head_text);
}

bool OutgoingBody::is_to_be_split() const {
  return !bodyless_ &&
         std::ranges::any_of(filters_, [](const auto& filter) { return filter->is_page_place(); });
}

OutgoingBody OutgoingBody::split() {
  OutgoingBody rest = std::move(*this);
  *this = OutgoingBody();
  const auto place = std::ranges::find_if(
      rest.filters_, [](const auto& filter) { return filter->is_page_place(); });
  filters_.assign(std::make_move_iterator(rest.filters_.begin()), std::make_move_iterator(place));
  rest.filters_.erase(rest.filters_.begin(), place + 1);
  return rest;
}

std::string_view OutgoingBody::run_filters(std::string_view bytes, BodyPart part) {
  // Goes on behind the filters that have given all they had.
  const std::size_t first = has_more() ? pending_ : 0;
  pending_ = SIZE_MAX;
  for (std::size_t i = first; i < filters_.size(); ++i) {
    std::string& output = filtered_[i % 2];
    output.clear();
    if (status_) status_ = filters_[i]->filter(bytes, part, output);
    if (!status_) return {};
    bytes = output;
    if (filters_[i]->has_more() && pending_ == SIZE_MAX) {
      pending_ = i;
      part = BodyPart::more;
    }
  }
  return bytes;
}

// The last bytes as a chunk, the end of the body, and what add_trailer says of it.
void OutgoingBody::frame_with_trailers(std::span<iovec, 3> pieces, std::string_view bytes) {
  pieces[0] = pieces[1] = iovec{nullptr, 0};
  trailers_.clear();
  if (!bytes.empty()) {
    pieces[0] = {size_line_, http::write_chunk_line(bytes.size(), size_line_)};
    pieces[1] = piece_of(bytes);
    trailers_ = "\r\n";
  }
  trailers_ += "0\r\n";
  append_trailers(trailers_, *request_);
  trailers_ += "\r\n";
  pieces[2] = piece_of(trailers_);
}

std::span<iovec> OutgoingBody::frame(std::string_view bytes, BodyPart part) {
  if (filters_.empty() || bodyless_) return frame_filtered(bytes, part);
  bytes = run_filters(bytes, part);
  if (!has_more()) return frame_filtered(bytes, part);
  drained_ = bytes;
  while (has_more()) drained_ += run_filters({}, part);
  return frame_filtered(drained_, part);
}

std::span<iovec> OutgoingBody::frame_some(std::string_view bytes, BodyPart part) {
  if (!filters_.empty() && !bodyless_) bytes = run_filters(bytes, part);
  return frame_filtered(bytes, part);
}

std::span<iovec> OutgoingBody::frame_filtered(std::string_view bytes, BodyPart part) {
  // The head went out with the pieces before.
  if (pieces_[0].iov_len == 0) pieces_[0] = iovec{nullptr, 0};
  if (bodyless_) bytes = {};
  const bool last = part == BodyPart::last && !has_more() && status_.has_value();
  const std::span<iovec, 3> body = std::span(pieces_).subspan<1, 3>();
  if (chunked_ && last && has_trailers_) {
    frame_with_trailers(body, bytes);
  } else if (chunked_) {
    frame_chunk(body, {const_cast<char*>(bytes.data()), bytes.size()}, last, size_line_);
  } else {
    body[0] = piece_of(bytes);
    body[1] = body[2] = iovec{nullptr, 0};
  }
  return pieces_;
}

}  // namespace baton::proxy
