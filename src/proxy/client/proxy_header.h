// The PROXY header that a connection to a `listen ... proxy_protocol` starts with.
#pragma once

#include "proxy/client/client.h"
#include "proxy/services.h"
#include "runtime/task.h"

namespace baton::proxy {

// Reads it, and nothing of what follows, into `client.proxy_header`. False: what came is none (that
// is in the log), or nothing came in time; the connection is to be closed without a word.
runtime::Task<bool> read_proxy_header(Client& client, Services& services);

}  // namespace baton::proxy
