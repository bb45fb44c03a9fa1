// Result<T>: what a call that depends on the world returns. An Error is small and cheap to make
// (no allocation), because on the request path errors are ordinary; it knows its side and whether
// the request may be retried, and the 502/504/499 and next-upstream decisions read from it.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace baton {

enum class ErrorKind : std::uint8_t {
  system,       // a system call failed; errno_value tells
  closed,       // the other end closed, in an orderly way, where more was needed
  timed_out,    // the deadline passed
  cancelled,    // we are shutting down, or the owner gave up
  refused,      // connection refused or unreachable
  reset,        // connection reset by the other end
  malformed,    // bytes that break the protocol
  too_large,    // a limit of ours was exceeded
  unavailable,  // nobody eligible to do it (no live upstream, table full)
  unsupported,  // understood, and deliberately not offered
};

enum class Side : std::uint8_t { us, client, upstream };

// yes: nothing was sent that the other end could have acted upon. if_reused: only when the
// connection came from the pool (the peer may have closed it before it saw the request).
enum class Retry : std::uint8_t { no, if_reused, yes };

struct Error {
  ErrorKind kind = ErrorKind::system;
  Side side = Side::us;
  Retry retry = Retry::no;
  int errno_value = 0;
  const char* detail = "";  // static text: what was being done

  // The same error seen from `side`.
  [[nodiscard]] Error on(Side new_side) const {
    Error copy = *this;
    copy.side = new_side;
    return copy;
  }
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// An Error of kind `kind`; `detail` must be static text.
inline std::unexpected<Error> fail(ErrorKind kind, const char* detail = "") {
  return std::unexpected(Error{kind, Side::us, Retry::no, 0, detail});
}

// An Error for errno value `errno_value`; maps the well-known ones to their kind.
std::unexpected<Error> fail_errno(int errno_value, const char* detail);

// "detail (111: Connection refused)", for logs and messages.
std::string describe(const Error& error);

}  // namespace baton
