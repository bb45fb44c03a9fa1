// What a proxy child is forked with: who it becomes, what it keeps open, what it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "config/model/proxy.h"
#include "ipc/pulse.h"
#include "ipc/shared_region.h"
#include "supervisor/child_process.h"
#include "supervisor/listen_sockets.h"
#include "supervisor/privileges.h"

namespace baton::supervisor {

// The account that the proxy of `config` runs under; nothing, with nginx's words in `problem`, when
// it does not exist. Not asked when baton is not root.
std::optional<Account> proxy_account(const config::Proxy& config, std::string& problem);

// References must stay valid until the fork.
Result<ChildProcess::Plan> proxy_child_plan(std::shared_ptr<const config::Proxy> config,
                                            std::uint64_t generation, ipc::Pulse& pulse,
                                            runtime::Fd& life, ListenSockets& sockets,
                                            ipc::SharedRegion& region);

}  // namespace baton::supervisor
