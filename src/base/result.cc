// Mapping errno values to error kinds, and errors to text.

#include "base/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace baton {

namespace {

ErrorKind kind_of_errno(int errno_value) {
  switch (errno_value) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return ErrorKind::refused;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return ErrorKind::reset;
    case ETIMEDOUT:
      return ErrorKind::timed_out;
    case ECANCELED:
      return ErrorKind::cancelled;
    default:
      return ErrorKind::system;
  }
}

const char* kind_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::system:
      return "system error";
    case ErrorKind::closed:
      return "connection closed";
    case ErrorKind::timed_out:
      return "timed out";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::refused:
      return "connection refused";
    case ErrorKind::reset:
      return "connection reset";
    case ErrorKind::malformed:
      return "malformed input";
    case ErrorKind::too_large:
      return "limit exceeded";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::unsupported:
      return "not supported";
  }
  return "error";
}

}  // namespace

std::unexpected<Error> fail_errno(int errno_value, const char* detail) {
  return std::unexpected(
      Error{kind_of_errno(errno_value), Side::us, Retry::no, errno_value, detail});
}

std::string describe(const Error& error) {
  const char* what = *error.detail ? error.detail : kind_text(error.kind);
  if (error.errno_value == 0) {
    return *error.detail ? fmt::format("{} ({})", what, kind_text(error.kind)) : what;
  }
  return fmt::format("{} ({}: {})", what, error.errno_value, std::strerror(error.errno_value));
}

}  // namespace baton
