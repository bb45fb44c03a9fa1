// Incremental parsers for request and response heads (RFC 9112 sections 2 to 5). They look at one
// contiguous buffer that grows at its end; what they find are views into it. A head that arrives in
// one piece is walked once. Broken input is refused as soon as it is seen, with the status that
// nginx answers and the words that it logs.
//
// Stricter than RFC 9112 allows a parser to be lenient, because what two servers read differently
// is how requests are smuggled: bare CR, obsolete folds, blanks before the colon, control
// characters, lines without a colon are all refused. A bare LF ends a line, as in nginx; nothing
// of the kind is ever passed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/head.h"

namespace baton::http {

struct HeadLimits {
  std::size_t line_bytes = 8192;    // one line (large_client_header_buffers)
  std::size_t total_bytes = 33792;  // the whole head
  std::size_t headers_max = 1000;
  bool ignore_invalid_headers = true;  // drop odd names silently instead of passing them on
  bool underscores_in_headers = false;
};

enum class Progress : std::uint8_t { incomplete, complete, refused };

// What both parsers have in common: finding and judging header lines.
class HeaderLines {
 public:
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  // Lines with odd names that were dropped, in the buffer: the first ones, for the log.
  [[nodiscard]] const std::vector<std::string_view>& dropped() const { return dropped_; }

 protected:
  Progress refuse(std::uint16_t status, std::string_view why, std::string shown = {}) {
    refusal_ = {status, why, std::move(shown)};
    return Progress::refused;
  }
  // Parses header lines at position_ up to and including the empty line.
  Progress parse_lines(std::string_view buffer, HeaderTable& headers, const HeadLimits& limits);
  // Start over with a buffer that begins with another head.
  void restart_lines() {
    position_ = seen_ = 0;
    first_line_done_ = false;
    dropped_.clear();
  }
  // False when no line end can have arrived since the last look.
  bool worth_looking(std::string_view buffer);

  std::size_t position_ = 0;  // start of the line to parse next
  std::size_t seen_ = 0;      // the buffer holds no line end between position_ and here
  bool first_line_done_ = false;

 private:
  Progress parse_line(const char* at, const char* end, HeaderTable& headers,
                      const HeadLimits& limits, const char*& next);
  // Refuses the line that begins at `start` for the byte at `at`.
  Progress refuse_line(const char* start, const char* at);
  Refusal refusal_;
  std::vector<std::string_view> dropped_;
};

class RequestParser : public HeaderLines {
 public:
  // `buffer` begins with the head's first byte and holds everything received so far; between
  // calls for the same head it may only grow, at the same address. On `complete`, `head` is filled
  // in and judged (framing.h), and head.bytes tells where the body begins. `head` must be clear
  // at the first call.
  Progress parse(std::string_view buffer, RequestHead& head, const HeadLimits& limits);
  void restart() { restart_lines(); }
  // The first line is known already: what is refused now can be answered in its version.
  [[nodiscard]] bool has_line() const { return first_line_done_; }

 private:
  Progress parse_request_line(std::string_view buffer, RequestHead& head, const HeadLimits& limits);
};

class ResponseParser : public HeaderLines {
 public:
  // As above; `request_method` decides whether a body can follow. Interim (1xx) responses are
  // completed like any other; the caller goes on behind them.
  Progress parse(std::string_view buffer, ResponseHead& head, Method request_method,
                 const HeadLimits& limits);
  void restart() { restart_lines(); }

 private:
  Progress parse_status_line(std::string_view buffer, ResponseHead& head);
};

Method find_method(std::string_view name);

}  // namespace baton::http
