// Commands that speak to a running tree over its control socket.
#pragma once

#include <string>

namespace baton::cli {

struct StatusOptions {
  bool json = false;
  bool watch = false;
};

// Exit codes: 0 done, 1 refused or no baton is running.
int show_status(const std::string& run_directory, const StatusOptions& options);
int reload(const std::string& run_directory);
int start(const std::string& run_directory);
int stop(const std::string& run_directory, bool gracefully);

}  // namespace baton::cli
