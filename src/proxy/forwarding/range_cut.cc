// Choosing the range and cutting it out.

#include "proxy/forwarding/range_cut.h"

#include <algorithm>

#include "base/text.h"
#include "http/date.h"
#include "proxy/files/file_response.h"
#include "proxy/request.h"
#include "proxy/response/added_headers.h"

namespace baton::proxy {

using http::HeaderId;

http::Validators validators_of(const http::HeaderTable& headers) {
  http::Validators validators;
  validators.etag = headers.value(HeaderId::etag);
  const auto modified = http::parse_date(headers.value(HeaderId::last_modified));
  validators.has_last_modified = modified.has_value();
  if (modified) validators.last_modified = *modified;
  return validators;
}

void remove_accept_ranges(Response& response) {
  std::erase_if(response.headers, [](const ResponseHeader& line) {
    return equals_ignoring_case(line.name, "Accept-Ranges");
  });
}

RangeCut::Kind RangeCut::choose(Request& request, const http::Validators& validators,
                                std::uint64_t size_bytes) {
  Response& response = request.response;
  remove_accept_ranges(response);
  if (request.location->max_ranges == 0) return kind_;
  const http::Header* const range = request.head.headers.find(HeaderId::range);
  http::RangeRequest asked;
  if (range != nullptr &&
      http::range_applies(request.head.headers, sent_validators(request, validators))) {
    asked = http::parse_range(range->value, size_bytes, 1);
  }
  kind_ = asked.kind;
  if (kind_ == Kind::whole) response.range_line = {"Accept-Ranges", "bytes"};
  if (kind_ == Kind::unsatisfiable) refuse_range(request, size_bytes);
  if (kind_ != Kind::partial) return kind_;
  range_ = asked.ranges[0];
  response.status = 206;
  response.reason = {};
  response.range_line = {"Content-Range", content_range(request, range_, size_bytes)};
  return kind_;
}

std::string_view RangeCut::pass(std::string_view bytes) {
  if (!is_part()) return bytes;
  const std::uint64_t begin = position_;
  position_ += bytes.size();
  const std::uint64_t first = std::clamp(range_.first, begin, position_);
  const std::uint64_t end = std::clamp(range_.end, begin, position_);
  return bytes.substr(first - begin, end - first);
}

}  // namespace baton::proxy
