// Configuration first, then the background, then the tree.

#include "supervisor/supervise.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>

#include "supervisor/daemon.h"
#include "supervisor/tree.h"

namespace baton::supervisor {

int supervise(Options options) {
  const Wording wording = wording_of(options.personality);
  auto loaded = load_configuration(options.files, wording);
  // Whoever types `nginx` expects silence unless something is wrong; the log has the rest.
  const bool is_baton = options.personality == Personality::baton;
  std::fputs((is_baton ? loaded.report : loaded.serious).c_str(), stderr);
  if (!loaded.configuration) return 1;
  if (options.personality == Personality::nginx) {
    options.daemonize = loaded.configuration->proxy->daemon;
    if (options.pid_path.empty()) options.pid_path = loaded.configuration->proxy->pid_path;
  }
  // Writing to a client that has gone is an error like any other, in every process of the tree.
  ::signal(SIGPIPE, SIG_IGN);
  Daemon daemon;
  if (options.daemonize) {
    auto detached = Daemon::detach();
    if (!detached) {
      fmt::print(stderr, "cannot go into the background: {}\n", describe(detached.error()));
      return 1;
    }
    daemon = std::move(*detached);
  }
  auto loop = runtime::Loop::create();
  if (!loop) {
    fmt::print(stderr, "cannot start: {}\n", describe(loop.error()));
    return 1;
  }
  Tree tree(**loop, std::move(options), std::move(loaded), std::move(daemon));
  return tree.run();
}

}  // namespace baton::supervisor
