// Walking through heads line by line.

#include "http/head_parser.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/framing.h"
#include "http/scan.h"

namespace baton::http {

namespace {

// At `at` a line must end: LF or CR LF. Sets `next` behind it. nullopt: the LF has not come yet.
std::optional<bool> ends_line(const char* at, const char* end, const char*& next) {
  if (at == end) return std::nullopt;
  if (*at == '\n') {
    next = at + 1;
    return true;
  }
  if (*at != '\r') return false;
  if (at + 1 == end) return std::nullopt;
  next = at + 2;
  return at[1] == '\n';
}

constexpr std::string_view too_long_line = "client sent too long header line";
// Most bytes of a line that are shown, and most dropped lines that are remembered.
constexpr std::ptrdiff_t shown_max = 1700;
constexpr std::size_t dropped_max = 8;

// The beginning of a line that is too long.
std::string cut_short(std::string_view line) {
  line = line.substr(0, static_cast<std::size_t>(shown_max));
  return std::string(": \"").append(line.substr(0, line.find_first_of("\r\n"))).append("...\"");
}

constexpr std::string_view invalid_request =
    "client sent invalid request while reading client "
    "request line";
constexpr std::string_view invalid_method =
    "client sent invalid method while reading client "
    "request line";
constexpr std::string_view invalid_version =
    "client sent invalid version while reading client "
    "request line";

struct RequestLine {
  std::string_view method;
  std::string_view target;
  unsigned major = 0;
  unsigned minor = 0;
};

bool is_method_character(char c) {
  return (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
}

// "HTTP/1.1" at `at`; moves `at` behind it. nullopt: more bytes are needed.
std::optional<bool> parse_version(const char*& at, const char* end, unsigned& major,
                                  unsigned& minor) {
  // What nearly everybody says, seen at once.
  if (end - at > 8 && std::memcmp(at, "HTTP/1.", 7) == 0 && is_digit(at[7]) && !is_digit(at[8])) {
    major = 1;
    minor = static_cast<unsigned>(at[7] - '0');
    at += 8;
    return true;
  }
  constexpr std::string_view protocol = "HTTP/";
  for (const char expected : protocol) {
    if (at == end) return std::nullopt;
    if (*at++ != expected) return false;
  }
  const auto number = [&](unsigned& value) -> std::optional<bool> {
    const char* const start = at;
    for (value = 0; at != end && is_digit(*at); ++at) {
      value = value * 10 + static_cast<unsigned>(*at - '0');
      if (at - start > 2) return false;
    }
    if (at == end) return std::nullopt;
    return at != start;
  };
  const auto has_major = number(major);
  if (!has_major || !*has_major) return has_major;
  if (*at++ != '.') return false;
  return number(minor);
}

// Splits "http://host:port/path" (absolute form, RFC 9112 section 3.2.2).
bool split_absolute(std::string_view target, RequestHead& head) {
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || target.substr(colon, 3) != "://") return false;
  const std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  head.authority = rest.substr(0, path);
  head.path = path == rest.size() ? std::string_view("/") : rest.substr(path);
  return !head.authority.empty();
}

}  // namespace

Method find_method(std::string_view name) {
  struct Known {
    std::string_view name;
    Method method;
  };
  static constexpr Known known[] = {
      {"GET", Method::get},
      {"POST", Method::post},
      {"HEAD", Method::head},
      {"PUT", Method::put},
      {"DELETE", Method::delete_},
      {"OPTIONS", Method::options},
      {"PATCH", Method::patch},
      {"CONNECT", Method::connect},
      {"TRACE", Method::trace},
      {"PROPFIND", Method::propfind},
      {"PROPPATCH", Method::proppatch},
      {"MKCOL", Method::mkcol},
      {"COPY", Method::copy},
      {"MOVE", Method::move},
      {"LOCK", Method::lock},
      {"UNLOCK", Method::unlock},
  };
  for (const Known& one : known) {
    if (one.name == name) return one.method;
  }
  return Method::other;
}

bool HeaderLines::worth_looking(std::string_view buffer) {
  if (seen_ <= position_) return true;  // first look at this line
  const void* line_end = std::memchr(buffer.data() + seen_, '\n', buffer.size() - seen_);
  if (line_end) return true;
  seen_ = buffer.size();
  return false;
}

Progress HeaderLines::refuse_line(const char* start, const char* at) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string shown = ": \"";
  shown.append(start, std::min(at, start + shown_max));
  const auto byte = static_cast<unsigned char>(*at);
  shown.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]).append("...\"");
  return refuse(400, "client sent invalid header line", std::move(shown));
}

// One header line in [at, end). On `complete`, `next` is the start of the following line; an
// empty line gives next == nullptr.
Progress HeaderLines::parse_line(const char* at, const char* end, HeaderTable& headers,
                                 const HeadLimits& limits, const char*& next) {
  const char* const name_start = at;
  bool usual = true;
  for (at += usual_name_bytes(at, end); at != end && *at != ':'; ++at) {
    const NameClass character = name_class(*at);
    if (character == NameClass::usual) continue;
    if (character == NameClass::bad) {
      // Bytes beyond ASCII are no token, but nginx only ignores such a line.
      if (static_cast<unsigned char>(*at) <= 0x20 || *at == 0x7f) {
        return refuse_line(name_start, at);
      }
      if (!limits.ignore_invalid_headers) return refuse_line(name_start, at);
      usual = false;
    } else if (character == NameClass::token || !limits.underscores_in_headers) {
      usual = false;
    }
  }
  if (at == end) return Progress::incomplete;
  const std::string_view name(name_start, static_cast<std::size_t>(at - name_start));
  if (name.empty()) return refuse_line(name_start, at);

  ++at;
  if (end - at > 1 && *at == ' ' && !is_blank(at[1])) {
    ++at;  // what nearly everybody sends
  } else {
    while (at != end && is_blank(*at)) ++at;
  }
  const char* const value_end = find_control(at, end);
  const auto ended = ends_line(value_end, end, next);
  if (!ended) return Progress::incomplete;
  if (!*ended) return refuse_line(name_start, value_end);
  if (!usual && limits.ignore_invalid_headers) {
    if (dropped_.size() < dropped_max) dropped_.emplace_back(name_start, value_end);
    return Progress::complete;
  }
  if (headers.size() >= limits.headers_max || headers.size() >= HeaderTable::lines_max) {
    return refuse(400, "client sent too many header lines");
  }
  std::string_view value(at, static_cast<std::size_t>(value_end - at));
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  headers.add(name, value, find_header_id(name));
  return Progress::complete;
}

Progress HeaderLines::parse_lines(std::string_view buffer, HeaderTable& headers,
                                  const HeadLimits& limits) {
  const char* const end = buffer.data() + buffer.size();
  if (!worth_looking(buffer)) {
    return buffer.size() - position_ > limits.line_bytes
               ? refuse(494, too_long_line, cut_short(buffer.substr(position_)))
               : Progress::incomplete;
  }
  while (true) {
    const char* const start = buffer.data() + position_;
    const char* next = nullptr;
    if (const auto empty = ends_line(start, end, next); empty && *empty) {
      position_ = static_cast<std::size_t>(next - buffer.data());
      return Progress::complete;
    } else if (!empty) {
      break;
    }
    const Progress progress = parse_line(start, end, headers, limits, next);
    if (progress == Progress::refused) return progress;
    const char* const line_end = progress == Progress::complete ? next : end;
    if (static_cast<std::size_t>(line_end - start) > limits.line_bytes) {
      const std::string_view line(start, static_cast<std::size_t>(line_end - start));
      return refuse(494, too_long_line, cut_short(line));
    }
    if (progress == Progress::incomplete) break;
    position_ = static_cast<std::size_t>(next - buffer.data());
    if (position_ > limits.total_bytes) return refuse(494, "client sent too large request");
  }
  seen_ = buffer.size();
  if (seen_ > limits.total_bytes) return refuse(494, "client sent too large request");
  return Progress::incomplete;
}

Progress RequestParser::parse_request_line(std::string_view buffer, RequestHead& head,
                                           const HeadLimits& limits) {
  const char* const end = buffer.data() + buffer.size();
  const char* at = buffer.data() + position_;
  // Empty lines before a request are skipped (RFC 9112 section 2.2).
  while (at != end && (*at == '\r' || *at == '\n')) ++at;
  position_ = static_cast<std::size_t>(at - buffer.data());
  const char* const start = at;
  const auto incomplete = [&] {
    seen_ = buffer.size();
    return buffer.size() - position_ > limits.line_bytes ? refuse(414, "client sent too long URI")
                                                         : Progress::incomplete;
  };

  RequestLine line;
  while (at != end && is_method_character(*at)) ++at;
  if (at == end) return incomplete();
  line.method = {start, static_cast<std::size_t>(at - start)};
  if (line.method.empty() || *at != ' ') return refuse(400, invalid_method);
  while (at != end && *at == ' ') ++at;

  const char* const target = at;
  while (at != end && static_cast<unsigned char>(*at) > 0x20 && *at != 0x7f) ++at;
  if (at == end) return incomplete();
  line.target = {target, static_cast<std::size_t>(at - target)};
  if (line.target.empty() || *at != ' ') return refuse(400, invalid_request);
  while (at != end && *at == ' ') ++at;

  const auto version = parse_version(at, end, line.major, line.minor);
  if (!version) return incomplete();
  if (!*version || line.major == 0) return refuse(400, invalid_request);
  const char* const line_end = at;
  while (at != end && *at == ' ') ++at;
  const char* next = nullptr;
  const auto ended = ends_line(at, end, next);
  if (!ended) return incomplete();
  if (!*ended) return refuse(400, invalid_request);
  if (static_cast<std::size_t>(next - start) > limits.line_bytes) {
    return refuse(414, "client sent too long URI");
  }

  position_ = static_cast<std::size_t>(next - buffer.data());
  first_line_done_ = true;
  head.line = {start, static_cast<std::size_t>(line_end - start)};
  head.method_name = line.method;
  head.method = find_method(line.method);
  head.target = line.target;
  head.version_minor = static_cast<std::uint8_t>(std::min(line.minor, 255u));
  if (line.major != 1) return refuse(505, invalid_version);
  if (head.method == Method::connect) return refuse(405, "client sent CONNECT method");
  if (head.method == Method::trace) return refuse(405, "client sent TRACE method");
  if (line.target.front() == '/') {
    head.path = line.target;
  } else if (!split_absolute(line.target, head)) {
    return refuse(400, invalid_request);
  }
  return Progress::complete;
}

Progress RequestParser::parse(std::string_view buffer, RequestHead& head,
                              const HeadLimits& limits) {
  if (!first_line_done_) {
    if (!worth_looking(buffer)) {
      return buffer.size() - position_ > limits.line_bytes ? refuse(414, "client sent too long URI")
                                                           : Progress::incomplete;
    }
    const Progress progress = parse_request_line(buffer, head, limits);
    if (progress == Progress::refused && head.line.empty()) {
      // For the logs: what there is of the line.
      const std::string_view rest = buffer.substr(position_, limits.line_bytes);
      head.line = rest.substr(0, rest.find_first_of("\r\n"));
    }
    if (progress != Progress::complete) return progress;
  }
  const Progress progress = parse_lines(buffer, head.headers, limits);
  if (progress != Progress::complete) return progress;
  head.bytes = static_cast<std::uint32_t>(position_);
  if (auto refused = judge_request(head)) {
    return refuse(refused->status, refused->why, std::move(refused->shown));
  }
  return Progress::complete;
}

Progress ResponseParser::parse_status_line(std::string_view buffer, ResponseHead& head) {
  constexpr std::string_view no_valid_head = "upstream sent no valid HTTP/1.0 header";
  const char* const start = buffer.data();
  const char* const end = start + buffer.size();
  const char* at = start;
  unsigned major = 0;
  unsigned minor = 0;
  const auto version = parse_version(at, end, major, minor);
  if (!version) return Progress::incomplete;
  if (!*version || major != 1) return refuse(502, no_valid_head);
  while (at != end && *at == ' ') ++at;
  if (end - at < 4) return Progress::incomplete;
  unsigned status = 0;
  for (int digit = 0; digit < 3; ++digit, ++at) {
    if (!is_digit(*at)) return refuse(502, no_valid_head);
    status = status * 10 + static_cast<unsigned>(*at - '0');
  }
  if (status < 100 || (*at != ' ' && *at != '\r' && *at != '\n')) return refuse(502, no_valid_head);
  if (*at == ' ') ++at;
  const char* const reason_end = find_control(at, end);
  const char* next = nullptr;
  const auto ended = ends_line(reason_end, end, next);
  if (!ended) return Progress::incomplete;
  if (!*ended) return refuse(502, no_valid_head);

  head.line = {start, static_cast<std::size_t>(reason_end - start)};
  head.status = static_cast<std::uint16_t>(status);
  head.version_minor = static_cast<std::uint8_t>(std::min(minor, 255u));
  head.reason = {at, static_cast<std::size_t>(reason_end - at)};
  position_ = static_cast<std::size_t>(next - start);
  first_line_done_ = true;
  return Progress::complete;
}

Progress ResponseParser::parse(std::string_view buffer, ResponseHead& head, Method request_method,
                               const HeadLimits& limits) {
  if (!first_line_done_) {
    const Progress progress = parse_status_line(buffer, head);
    if (progress == Progress::incomplete && buffer.size() > limits.line_bytes) {
      return refuse(502, "upstream sent too big header");
    }
    if (progress != Progress::complete) return progress;
  }
  const Progress progress = parse_lines(buffer, head.headers, limits);
  if (progress == Progress::refused) {
    if (refusal().status == 494) return refuse(502, "upstream sent too big header");
    return refuse(502, "upstream sent invalid header", refusal().shown);
  }
  if (progress == Progress::incomplete) return progress;
  head.bytes = static_cast<std::uint32_t>(position_);
  if (auto refused = judge_response(head, request_method)) {
    return refuse(502, refused->why, std::move(refused->shown));
  }
  return Progress::complete;
}

}  // namespace baton::http
