// Judging heads.

#include "http/framing.h"

#include <array>

#include "base/text.h"
#include "http/hop_by_hop.h"

namespace baton::http {

namespace {

constexpr std::uint64_t content_length_max = INT64_MAX;

// Lines that must not come twice in a request (nginx's list).
constexpr std::array unique_lines = {
    HeaderId::content_length,    HeaderId::transfer_encoding,
    HeaderId::if_modified_since, HeaderId::if_unmodified_since,
    HeaderId::if_match,          HeaderId::if_none_match,
    HeaderId::if_range,          HeaderId::expect,
    HeaderId::authorization,     HeaderId::content_range,
};

constexpr auto host_characters = [] {
  std::array<bool, 256> allowed{};
  for (unsigned c = 0x21; c < 256; ++c) allowed[c] = c != 0x7f;
  for (const char c : std::string_view("/\\?#@<>\"{}|^`")) {
    allowed[static_cast<unsigned char>(c)] = false;
  }
  return allowed;
}();

bool is_host_character(char c) {
  return host_characters[static_cast<unsigned char>(c)];
}

bool is_port(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return text.size() <= 5;
}

// "Name: value" of a line, as nginx shows it.
std::string quoted(const Header& line) {
  std::string text = "\"";
  return text.append(line.name).append(": ").append(line.value).append("\"");
}

// A line that came twice.
std::string shown_twice(const Header& first, const Header& second) {
  return ": " + quoted(second) + ", previous value: " + quoted(first);
}

std::string shown_value(std::string_view value) {
  return std::string(": \"").append(value).append("\"");
}

std::optional<Refusal> judge_host(RequestHead& head) {
  const Header* line = head.headers.find(HeaderId::host);
  if (!line && head.version_minor >= 1) {
    return Refusal{400,
                   "client sent HTTP/1.1 request without \"Host\" header while reading "
                   "client request headers"};
  }
  if (const Header* second = line ? head.headers.next(*line) : nullptr) {
    return Refusal{400, "client sent duplicate host header", shown_twice(*line, *second)};
  }
  const auto line_host = host_of(line ? line->value : std::string_view{});
  if (!line_host || (line && line->value.empty())) {
    return Refusal{400, "client sent invalid host header while reading client request headers"};
  }
  head.host = *line_host;
  if (head.authority.empty()) return std::nullopt;
  // The target's authority counts, whatever the Host line says (RFC 9112 section 3.2.2).
  const auto target_host = host_of(head.authority);
  if (!target_host || target_host->empty()) {
    return Refusal{400, "client sent invalid host in request line"};
  }
  head.host = *target_host;
  return std::nullopt;
}

std::optional<Refusal> judge_request_framing(RequestHead& head) {
  const HeaderTable& headers = head.headers;
  const Header* coding = headers.find(HeaderId::transfer_encoding);
  const Header* length = headers.find(HeaderId::content_length);
  if (coding) {
    if (head.version_minor < 1) {
      return Refusal{400, "client sent HTTP/1.0 request with \"Transfer-Encoding\" header"};
    }
    if (!equals_ignoring_case(coding->value, "chunked")) {
      return Refusal{501, "client sent unknown \"Transfer-Encoding\"", shown_value(coding->value)};
    }
    if (length) {
      return Refusal{400,
                     "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at "
                     "the same time"};
    }
    head.framing.kind = BodyKind::chunked;
    return std::nullopt;
  }
  if (!length) return std::nullopt;
  const auto bytes = parse_content_length(length->value);
  if (!bytes) return Refusal{400, "client sent invalid \"Content-Length\" header"};
  head.framing = {*bytes == 0 ? BodyKind::none : BodyKind::length, *bytes};
  return std::nullopt;
}

std::optional<Refusal> judge_repeated(const HeaderTable& headers) {
  for (const HeaderId id : unique_lines) {
    if (!headers.is_repeated(id)) continue;
    const Header& first = *headers.find(id);
    return Refusal{400, "client sent duplicate header line",
                   shown_twice(first, *headers.next(first))};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  if (value.empty() || !is_digit(value.front())) return std::nullopt;
  return parse_unsigned(value, content_length_max);
}

std::optional<std::string_view> host_of(std::string_view authority) {
  if (authority.empty()) return authority;
  std::string_view host = authority;
  std::string_view port;
  if (authority.front() == '[') {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = authority.substr(0, close + 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') return std::nullopt;
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (!port.empty() && !is_port(port.substr(1))) return std::nullopt;
  if (host.empty()) return std::nullopt;
  for (std::size_t i = 0; i < host.size(); ++i) {
    if (!is_host_character(host[i])) return std::nullopt;
    if (host[i] == '.' && i + 1 < host.size() && host[i + 1] == '.') return std::nullopt;
  }
  if (host.back() == '.') host.remove_suffix(1);
  if (host.empty()) return std::nullopt;
  return host;
}

std::optional<Refusal> judge_request(RequestHead& head) {
  if (head.headers.any_repeated()) {
    if (auto refused = judge_repeated(head.headers)) return refused;
  }
  if (auto refused = judge_host(head)) return refused;
  if (auto refused = judge_request_framing(head)) return refused;
  const ConnectionOptions options = mark_hop_by_hop(head.headers);
  head.keep_alive = head.version_minor >= 1 ? !options.close : options.keep_alive && !options.close;
  head.wants_upgrade =
      options.upgrade && head.version_minor >= 1 && head.headers.has(HeaderId::upgrade);
  head.expects_continue =
      head.version_minor >= 1 &&
      equals_ignoring_case(head.headers.value(HeaderId::expect), "100-continue");
  return std::nullopt;
}

std::optional<Refusal> judge_response(ResponseHead& head, Method request_method) {
  HeaderTable& headers = head.headers;
  const Header* coding = headers.find(HeaderId::transfer_encoding);
  const Header* length = headers.find(HeaderId::content_length);
  for (const Header* line : {length, coding}) {
    if (!line || !headers.is_repeated(line->id)) continue;
    return Refusal{502, "upstream sent duplicate header line",
                   shown_twice(*line, *headers.next(*line))};
  }
  std::optional<std::uint64_t> bytes;
  if (length) {
    bytes = parse_content_length(length->value);
    if (!bytes) {
      return Refusal{502, "upstream sent invalid \"Content-Length\" header",
                     ": " + quoted(*length)};
    }
  }
  if (coding) {
    if (!equals_ignoring_case(coding->value, "chunked")) {
      return Refusal{502, "upstream sent unknown \"Transfer-Encoding\"",
                     shown_value(coding->value)};
    }
    if (length) {
      return Refusal{502,
                     "upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at "
                     "the same time"};
    }
  }
  const ConnectionOptions options = mark_hop_by_hop(headers);
  head.keep_alive = head.version_minor >= 1 ? !options.close : options.keep_alive && !options.close;
  if (request_method == Method::head || head.status < 200 || head.status == 204 ||
      head.status == 304) {
    head.framing = {BodyKind::none, bytes.value_or(0)};
  } else if (coding) {
    head.framing = {BodyKind::chunked, 0};
  } else if (bytes) {
    head.framing = {*bytes == 0 ? BodyKind::none : BodyKind::length, *bytes};
  } else {
    head.framing = {BodyKind::until_close, 0};
    head.keep_alive = false;
  }
  return std::nullopt;
}

}  // namespace baton::http
