// The folders of proxy_cache_path: made by the supervisor, which may, for the proxy's user, who
// then looks after them alone.
#pragma once

#include <optional>
#include <string>

#include "config/model/proxy.h"
#include "supervisor/privileges.h"

namespace baton::supervisor {

// Makes the folders that are missing and gives those of others to `owner` (if there is one: when
// baton is root). What failed, in nginx's words.
std::optional<std::string> make_cache_folders(const config::Proxy& config,
                                              const std::optional<Account>& owner);

}  // namespace baton::supervisor
