// Commands that speak to a running tree over its control socket.
#pragma once

#include <cstddef>
#include <string>

namespace baton::cli {

struct StatusOptions {
  bool json = false;
  bool watch = false;
};

struct HistoryOptions {
  bool json = false;
  bool brief = false;
  std::size_t count = 5;  // transitions
};

// Exit codes: 0 done, 1 refused or no baton is running.
int show_status(const std::string& run_directory, const StatusOptions& options);
int show_history(const std::string& run_directory, const HistoryOptions& options);
int reload(const std::string& run_directory);
// Hands an instance (all if empty) to another node (any if empty).
int pass(const std::string& run_directory, const std::string& instance, const std::string& peer);
int start(const std::string& run_directory);
int stop(const std::string& run_directory, bool gracefully);

}  // namespace baton::cli
