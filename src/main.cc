// baton: the load-balancer pair in one program. The name under which it is started decides what it
// is: nginx and keepalived behave as those programs, anything else is baton itself.

#include <filesystem>

#include "cli/commands.h"
#include "supervisor/process_title.h"

int main(int argc, char** argv) {
  baton::cli::CommandLine line;
  line.program = argc > 0 ? argv[0] : "baton";
  for (int i = 1; i < argc; ++i) line.arguments.emplace_back(argv[i]);
  baton::supervisor::prepare_process_title(argc, argv);
  const std::string name = std::filesystem::path(line.program).filename();
  if (name == "nginx") return baton::cli::run_as_nginx(line);
  if (name == "keepalived") return baton::cli::run_as_keepalived(line);
  return baton::cli::run_as_baton(line);
}
