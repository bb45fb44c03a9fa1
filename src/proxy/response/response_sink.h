// Where the body of a subrequest's response goes instead of to the client: into the page around it,
// into a buffer, or nowhere.
#pragma once

#include <sys/uio.h>

#include <span>

#include "base/result.h"
#include "runtime/task.h"

namespace baton::proxy {

class ResponseSink {
 public:
  ResponseSink() = default;
  ResponseSink(const ResponseSink&) = delete;
  ResponseSink& operator=(const ResponseSink&) = delete;
  virtual ~ResponseSink() = default;

  // Takes the bytes of `pieces`, which need not live longer than the task. An error ends the
  // subrequest.
  virtual runtime::Task<Status> take(std::span<iovec> pieces) = 0;
};

// For subrequests whose body nobody wants.
class DiscardingSink final : public ResponseSink {
 public:
  runtime::Task<Status> take(std::span<iovec>) override { co_return Status{}; }
};

}  // namespace baton::proxy
