// The range that a client asked for, cut out of a body as it streams by: for a response that is
// passed on while it is stored (proxy_cache), or of a server that knows no ranges
// (proxy_force_ranges). One range only: a second one may lie before what has gone by already.
// RFC 9110 section 14.2.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/conditional.h"
#include "http/range.h"

namespace baton::proxy {

struct Request;
struct Response;

// The validators that the head lines of a response give.
http::Validators validators_of(const http::HeaderTable& headers);
// Takes away what was said of ranges: it is ours to say.
void remove_accept_ranges(Response& response);

class RangeCut {
 public:
  using Kind = http::RangeRequest::Kind;

  // For a complete 200 of `size_bytes`: makes request.response a 206 where the client asked for one
  // range that exists, or what goes with an error(416); else offers ranges.
  Kind choose(Request& request, const http::Validators& validators, std::uint64_t size_bytes);

  [[nodiscard]] bool is_part() const { return kind_ == Kind::partial; }
  // Of what the client gets.
  [[nodiscard]] std::uint64_t length() const { return range_.end - range_.first; }
  // What of `bytes`, the next ones of the whole body, is for the client.
  std::string_view pass(std::string_view bytes);

 private:
  Kind kind_ = Kind::whole;
  http::ByteRange range_;
  std::uint64_t position_ = 0;  // in the body
};

}  // namespace baton::proxy
