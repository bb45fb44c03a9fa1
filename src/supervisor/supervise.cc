// Configuration first, then the background, then the tree.

#include "supervisor/supervise.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <optional>

#include "supervisor/daemon.h"
#include "supervisor/places.h"
#include "supervisor/start_log.h"
#include "supervisor/tree.h"

namespace baton::supervisor {

int supervise(Options options) {
  const Wording wording = wording_of(options.personality);
  const bool is_nginx = options.personality == Personality::nginx;
  std::optional<Inheritance> inherited;
  if (is_nginx) inherited = take_inheritance();
  auto loaded = load_configuration(options.files, wording);
  // Whoever types `nginx` expects silence unless something is wrong; the log has the rest.
  const bool is_baton = options.personality == Personality::baton;
  std::fputs((is_baton ? loaded.report : loaded.serious).c_str(), stderr);
  if (is_nginx) {
    StartLog start_log(options.start_log);
    if (inherited) {
      start_log.print(LogLevel::notice, "using inherited sockets from \"{}\"", inherited->text);
    }
    if (!loaded.configuration) start_log.write_to_file(loaded.log_lines);
  }
  if (!loaded.configuration) return 1;
  if (is_nginx) {
    // A new binary is in the background already, as the child of the old one.
    options.daemonize = loaded.configuration->proxy->daemon && !inherited;
    if (options.pid_path.empty()) options.pid_path = loaded.configuration->proxy->pid_path;
  }
  if (const auto& failover = loaded.configuration->failover) {
    if (const Status settled = settle_places(options, failover->places); !settled) {
      fmt::print(stderr, "cannot start: {}\n", describe(settled.error()));
      return 1;
    }
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
  Tree tree(**loop, std::move(options), std::move(loaded), std::move(daemon), std::move(inherited));
  return tree.run();
}

}  // namespace baton::supervisor
