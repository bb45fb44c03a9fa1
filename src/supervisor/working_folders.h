// The folders that the proxy writes temporary files into are made by the supervisor, which alone
// may, for the user that the proxy runs as.
#pragma once

#include <optional>
#include <string>

#include "config/model/proxy.h"
#include "supervisor/privileges.h"

namespace baton::supervisor {

// Makes what is missing (mode 0700) and gives it to `account`. nginx's message when a folder that
// the file names cannot be had; "" otherwise. The default folders are made where that is possible:
// without them only bodies that need a file fail.
std::string prepare_temporary_folders(const config::Proxy& config,
                                      const std::optional<Account>& account);

}  // namespace baton::supervisor
