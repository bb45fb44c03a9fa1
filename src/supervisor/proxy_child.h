// What a proxy child is forked with: who it becomes, what it keeps open, what it runs.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "config/model/proxy.h"
#include "ipc/pulse.h"
#include "ipc/shared_region.h"
#include "proxy/logs/log_files.h"
#include "supervisor/child_process.h"
#include "supervisor/listen_sockets.h"
#include "supervisor/privileges.h"

namespace baton::supervisor {

// Threads that a configuration asks for: `auto` is one per core that this process may use.
std::uint32_t thread_count(const config::Proxy& config);

// The account that the proxy of `config` runs under; nothing, with nginx's words in `problem`, when
// it does not exist. Not asked when baton is not root.
std::optional<Account> proxy_account(const config::Proxy& config, std::string& problem);

// Everything referred to must stay where it is until the fork.
struct ProxyChild {
  std::shared_ptr<const config::Proxy> config;
  std::uint64_t generation;
  ipc::Pulse& pulse;
  runtime::Fd& life;
  ListenSockets& sockets;
  ipc::SharedRegion& region;
  proxy::LogFiles& logs;
};

// The error is for the log, in nginx's words.
std::expected<ChildProcess::Plan, std::string> plan_of(ProxyChild child);

}  // namespace baton::supervisor
