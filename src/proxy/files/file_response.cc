// Describing a file, or the parts of it that were asked for.

#include "proxy/files/file_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "base/text.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/range.h"
#include "proxy/filters/page_filters.h"
#include "proxy/response/added_headers.h"
#include "proxy/response/compression.h"
#include "proxy/response/response_lines.h"

namespace baton::proxy {

namespace {

using http::HeaderId;

std::string_view extension_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || path.find('/', dot) != std::string_view::npos) return {};
  return path.substr(dot + 1);
}

}  // namespace

http::ModifiedSince modified_since_rule(const config::Location& location) {
  using Configured = config::Location::IfModifiedSince;
  switch (location.if_modified_since) {
    case Configured::off:
      return http::ModifiedSince::ignore;
    case Configured::before:
      return http::ModifiedSince::before;
    case Configured::exact:
      break;
  }
  return http::ModifiedSince::exact;
}

void become_not_modified(Request& request) {
  Response& response = request.response;
  response.status = 304;
  response.reason = response.content_type = {};
  response.content_length.reset();
  std::erase_if(response.headers, [](const ResponseHeader& line) {
    return equals_ignoring_case(line.name, "Content-Encoding") ||
           equals_ignoring_case(line.name, "Accept-Ranges");
  });
}

void refuse_range(Request& request, std::uint64_t size_bytes) {
  // The error page is not the file: of what was said of it, only the size stays.
  Response& response = request.response;
  response.reset();
  request.upstream_head = nullptr;
  response.headers.push_back(
      {"Content-Range", request.arena.store(fmt::format("bytes */{}", size_bytes))});
}

namespace {

void send_part(Response& response, const http::ByteRange& range, std::string_view before) {
  response.file_parts.push_back({before, range.first, range.end - range.first});
}

}  // namespace

std::string_view content_range(Request& request, const http::ByteRange& range,
                               std::uint64_t size_bytes) {
  return request.arena.store(fmt::format("bytes {}-{}/{}", range.first, range.end - 1, size_bytes));
}

namespace {

// RFC 9110 section 14.6. The boundary only has to differ from what the parts hold; a counter that
// starts at a time of its own does, as well as anything can.
void send_parts(Request& request, const std::vector<http::ByteRange>& ranges,
                std::uint64_t size_bytes, WallTime modified) {
  static std::atomic<std::uint64_t> boundaries{0};
  Response& response = request.response;
  const auto seed = static_cast<std::uint64_t>(modified.time_since_epoch().count()) ^ size_bytes;
  const std::string boundary = fmt::format("{:020}", seed + boundaries.fetch_add(1));
  std::uint64_t length = 0;
  for (const http::ByteRange& range : ranges) {
    std::string before = fmt::format("\r\n--{}\r\n", boundary);
    if (!response.content_type.empty()) {
      before.append("Content-Type: ").append(response.content_type).append("\r\n");
    }
    before.append("Content-Range: ").append(content_range(request, range, size_bytes));
    before.append("\r\n\r\n");
    send_part(response, range, request.arena.store(before));
    length += before.size() + (range.end - range.first);
  }
  response.after = request.arena.store(fmt::format("\r\n--{}--\r\n", boundary));
  response.content_length = length + response.after.size();
  response.content_type = request.arena.join({"multipart/byteranges; boundary=", boundary});
}

}  // namespace

Verdict send_asked_ranges(Request& request, const http::Validators& validators,
                          std::uint64_t size_bytes) {
  Response& response = request.response;
  const std::uint32_t ranges_max = request.location->max_ranges;
  const http::Header* range = request.head.headers.find(HeaderId::range);
  http::RangeRequest asked;
  if (range && ranges_max != 0 &&
      http::range_applies(request.head.headers, sent_validators(request, validators))) {
    asked = http::parse_range(range->value, size_bytes, ranges_max);
  }
  using Kind = http::RangeRequest::Kind;
  if (asked.kind == Kind::whole) {
    response.content_length = size_bytes;
    if (size_bytes > 0) send_part(response, {0, size_bytes}, {});
    if (ranges_max != 0) response.range_line = {"Accept-Ranges", "bytes"};
    return Verdict::respond();
  }
  if (asked.kind == Kind::unsatisfiable) {
    refuse_range(request, size_bytes);
    return Verdict::error(416);
  }
  response.status = 206;
  response.reason = {};
  if (asked.ranges.size() > 1) {
    send_parts(request, asked.ranges, size_bytes, validators.last_modified);
    return Verdict::respond();
  }
  const http::ByteRange& only = asked.ranges[0];
  response.range_line = {"Content-Range", content_range(request, only, size_bytes)};
  response.content_length = only.end - only.first;
  send_part(response, only, {});
  return Verdict::respond();
}

std::string_view content_type_of(Request& request, std::string_view path) {
  const config::Location& location = *request.location;
  std::string_view type = location.default_type;
  if (location.types) {
    const auto known = location.types->find(lowered(extension_of(path)));
    if (known != location.types->end()) type = known->second;
  }
  return type;
}

Verdict respond_with_file(Request& request, runtime::Fd file, std::uint64_t size_bytes,
                          WallTime modified) {
  Response& response = request.response;
  const config::Location& location = *request.location;
  http::Validators validators{{}, modified, true};
  if (location.etag) {
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(modified.time_since_epoch()).count();
    validators.etag = request.arena.store(fmt::format("\"{:x}-{:x}\"", seconds, size_bytes));
  }
  const http::Condition condition =
      http::evaluate_conditions(request.head.headers, validators, modified_since_rule(location));
  // A file that is an error page, or part of another page, is sent whole: conditions and ranges
  // were for another one.
  const bool packed = !line_value(response, "Content-Encoding").empty();
  const bool plain =
      request.subrequest || (request.error_status != 0 && request.error_status != 200);
  if (condition == http::Condition::failed && !plain) return Verdict::error(412);
  response.status = plain && request.error_status != 0 ? request.error_status : std::uint16_t{200};
  response.last_modified = request.arena.store(http::format_date(modified).view());
  if (!validators.etag.empty()) {
    response.headers.insert(response.headers.begin(), {"ETag", validators.etag});
  }
  if (condition == http::Condition::not_modified && !plain) {
    response.status = 304;
    return Verdict::respond();
  }
  // An upstream server that sent the request here has said what it is.
  if (response.content_type.empty()) {
    response.content_type = content_type_of(request, request.uri);
  }
  // Here already, for the heads of the parts of a multipart body.
  add_charset(request);
  response.file = std::move(file);
  // The bytes that go out are not those of the file.
  const bool changes = will_be_compressed(request, size_bytes) || changes_text(request);
  if (!plain && !changes && !packed) return send_asked_ranges(request, validators, size_bytes);
  response.content_length = size_bytes;
  if (size_bytes > 0) send_part(response, {0, size_bytes}, {});
  return Verdict::respond();
}

}  // namespace baton::proxy
