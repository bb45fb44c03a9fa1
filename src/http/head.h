// What a parsed request or response head is made of (RFC 9112 sections 2 to 6). All text is a
// view into the buffer that was parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/header_table.h"

namespace baton::http {

enum class Method : std::uint8_t {
  other,
  get,
  head,
  post,
  put,
  delete_,
  connect,
  options,
  trace,
  patch,
  propfind,
  proppatch,
  mkcol,
  copy,
  move,
  lock,
  unlock,
};

// How the end of a body is known (RFC 9112 section 6.3).
enum class BodyKind : std::uint8_t {
  none,
  length,       // content_length bytes
  chunked,      // until the last chunk
  until_close,  // responses only
};

struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t content_length = 0;  // BodyKind::length only
};

// Why a message is not accepted: the status to answer (494: a head too large, shown as 400) and
// nginx's words for the log.
struct Refusal {
  std::uint16_t status = 400;
  std::string_view why;
  std::string shown = {};  // behind the words: what of the head it was, as `: "X-Line: 1"`

  [[nodiscard]] std::string text() const { return std::string(why) + shown; }
};

// What a request's head says apart from its lines.
struct RequestFacts {
  Method method = Method::other;
  std::uint8_t version_minor = 1;  // HTTP/1.x
  std::string_view line;           // the request line as sent, without its end
  std::string_view method_name;
  std::string_view target;     // as sent: "/a?b", "http://host/a?b", "*", "host:443"
  std::string_view path;       // the part of target that starts with '/', query included
  std::string_view authority;  // host[:port] of an absolute target, "" otherwise
  Framing framing;
  std::string_view host;   // from the target or the Host line, without port, as sent
  bool keep_alive = true;  // the client wishes to go on (RFC 9112 section 9.3)
  bool expects_continue = false;
  bool wants_upgrade = false;  // Connection names "upgrade" and there is an Upgrade line
  std::uint32_t bytes = 0;     // length of the whole head, the empty line included
};

struct RequestHead : RequestFacts {
  HeaderTable headers;

  // Ready for the next head; the table keeps its memory.
  void clear() {
    static_cast<RequestFacts&>(*this) = {};
    headers.clear();
  }
};

struct ResponseFacts {
  std::uint16_t status = 0;
  std::uint8_t version_minor = 1;
  std::string_view line;    // the status line as sent, without its end
  std::string_view reason;  // may be empty
  Framing framing;
  bool keep_alive = true;  // the connection can be used again after this response
  std::uint32_t bytes = 0;
};

struct ResponseHead : ResponseFacts {
  HeaderTable headers;

  void clear() {
    static_cast<ResponseFacts&>(*this) = {};
    headers.clear();
  }
};

}  // namespace baton::http
