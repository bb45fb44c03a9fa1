// Bugs assert, in release builds too: a broken invariant ends the process at once with the place
// and the condition on stderr; the supervisor restarts it. What the world does wrong is never an
// assert but a Result (base/result.h).
#pragma once

namespace baton {

// Writes the failed condition to stderr and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace baton

#define BATON_ASSERT(condition)                      \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::baton::assertion_failed(#condition, __FILE__, __LINE__))
