// Unix sockets in the run directory: for root (or whoever started baton) alone.
#pragma once

#include <string>

#include "base/result.h"
#include "runtime/fd.h"

namespace baton::control {

// A non-blocking listening socket of `type` (SOCK_STREAM, SOCK_SEQPACKET) with mode 0600, in place
// of one at `path` that nobody listens on any more. Unavailable when somebody does.
Result<runtime::Fd> listen_local(const std::string& path, int type);
// A connected non-blocking socket. Connecting to a unix socket never waits for the other process.
Result<runtime::Fd> connect_local(const std::string& path, int type);
// True when the process at the other end runs as root or as the same user.
bool peer_is_trusted(int fd);

}  // namespace baton::control
