// The plan of a proxy child.

#include "supervisor/proxy_child.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "proxy/process.h"
#include "supervisor/cache_folders.h"
#include "supervisor/working_folders.h"

namespace baton::supervisor {

namespace {

// As many descriptors as the file asks for, otherwise as many as the system allows: a proxy that
// runs out of them at 1024 for historical reasons helps nobody.
void raise_descriptor_limit(const config::Proxy& config) {
  rlimit current{};
  if (::getrlimit(RLIMIT_NOFILE, &current) != 0) return;
  constexpr rlim_t enough = 1 << 20;
  const rlim_t wanted = config.worker_rlimit_nofile.value_or(std::min(current.rlim_max, enough));
  static_cast<void>(set_descriptor_limit(wanted));
}

}  // namespace

std::uint32_t thread_count(const config::Proxy& config) {
  constexpr std::uint32_t most = ipc::PulsePage::threads_max;
  if (config.worker_processes > 0) return std::min(config.worker_processes, most);
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::clamp(static_cast<std::uint32_t>(CPU_COUNT(&cores)), 1u, most);
}

std::optional<Account> proxy_account(const config::Proxy& config, std::string& problem) {
  if (config.user.empty()) return default_account(problem);
  return find_account(config.user, config.group, problem);
}

std::expected<ChildProcess::Plan, std::string> plan_of(ProxyChild child) {
  std::optional<Account> account;
  if (::geteuid() == 0) {
    std::string problem;
    account = proxy_account(*child.config, problem);
    if (!account) return std::unexpected(problem);
  }
  if (auto problem = prepare_temporary_folders(*child.config, account); !problem.empty()) {
    return std::unexpected(std::move(problem));
  }
  if (const auto problem = make_cache_folders(*child.config, account)) {
    return std::unexpected(*problem);
  }
  ChildProcess::Plan plan;
  plan.name = "nginx";
  plan.title = "nginx: worker process";
  plan.kept_fds = child.sockets.descriptors(child.config->listeners);
  plan.kept_fds.push_back(child.life.get());
  plan.kept_fds.push_back(child.pulse.fd().get());
  for (const int fd : child.logs.descriptors()) plan.kept_fds.push_back(fd);
  plan.drop_privileges = [config = child.config, account]() -> Status {
    raise_descriptor_limit(*config);
    return account ? become(*account) : Status();
  };
  plan.entry = [child](runtime::Fd channel) {
    proxy::ProcessInputs inputs;
    inputs.config = child.config;
    inputs.generation = child.generation;
    inputs.threads = thread_count(*child.config);
    inputs.listeners = child.sockets.take(child.config->listeners);
    inputs.channel = std::move(channel);
    inputs.pulse = &child.pulse;
    inputs.life = std::move(child.life);
    inputs.region = &child.region;
    inputs.logs = &child.logs;
    return proxy::run_process(std::move(inputs));
  };
  return plan;
}

}  // namespace baton::supervisor
