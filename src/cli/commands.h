// The three names under which baton is started, one function each. `arguments` are without the
// program's name; the result is the exit code.
#pragma once

#include <string>
#include <vector>

namespace baton::cli {

struct CommandLine {
  std::string program;                 // argv[0]
  std::vector<std::string> arguments;  // the rest
  [[nodiscard]] std::string text() const;
};

int run_as_nginx(const CommandLine& line);
int run_as_keepalived(const CommandLine& line);
int run_as_baton(const CommandLine& line);

// Where the sockets of running trees are: BATON_RUN_DIR, or /run/baton for root, or a folder of the
// user's own.
std::string default_run_directory();

}  // namespace baton::cli
