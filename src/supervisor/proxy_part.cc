// Generations: launching, promoting, draining, restarting.

#include "supervisor/proxy_part.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "proxy/access/limit_zones.h"
#include "proxy/client/connection_counts.h"
#include "supervisor/pid_file.h"
#include "supervisor/privileges.h"
#include "supervisor/proxy_child.h"
#include "upstream/upstreams.h"

namespace baton::supervisor {

ProxyPart::ProxyPart(runtime::Loop& loop, runtime::TaskScope& scope, Log& log,
                     ipc::SharedRegion& region, PulseReceiver* receiver, Settings settings)
    : loop_(loop),
      scope_(scope),
      log_(log),
      region_(region),
      receiver_(receiver),
      settings_(std::move(settings)),
      restart_timer_(loop, [this] { scope_.spawn(restart()); }),
      changed_(loop) {}

runtime::Task<std::string> ProxyPart::bring_up(std::shared_ptr<const Configuration> configuration,
                                               int tries) {
  const config::Proxy& config = *configuration->proxy;
  std::string problem;
  const bool waits = tries > 1;
  while (!sockets_.open(config.listeners, thread_count(config), problem)) {
    if (!waits) co_return problem;
    // Only a port in use may become free by waiting.
    if (problem.find(fmt::format("({}:", EADDRINUSE)) == std::string::npos) co_return problem;
    log_.write(LogLevel::emergency, problem);
    if (settings_.tells_as_nginx) {
      log_.write(LogLevel::notice, "try again to bind() after 500ms");
    }
    static_cast<void>(co_await loop_.sleep_for(500ms));
    if (--tries <= 0) co_return settings_.tells_as_nginx ? "still could not bind()" : problem;
  }
  restart_timer_.cancel();
  auto launched = launch(configuration);
  if (!launched) co_return launched.error();
  const auto generation = std::move(*launched);
  const Instant deadline = loop_.refresh_now() + ready_patience;
  while (generation->state == State::starting) {
    if (co_await changed_.wait(deadline)) continue;
    generation->failure = "the new proxy process was not ready in time";
    generation->child->signal(SIGKILL);
    break;
  }
  if (generation->state == State::serving || generation->state == State::draining) co_return "";
  // What was opened for nobody goes again.
  if (configuration_ && serving_) sockets_.keep_only(configuration_->proxy->listeners);
  co_return generation->failure;
}

std::expected<std::shared_ptr<ProxyPart::Generation>, std::string> ProxyPart::launch(
    std::shared_ptr<const Configuration> configuration) {
  auto generation = std::make_shared<Generation>();
  generation->number = next_number_++;
  generation->configuration = std::move(configuration);
  const config::Proxy& config = *generation->configuration->proxy;
  if (auto named = upstream::name_slots(region_, config, generation->number); !named) {
    return std::unexpected(describe(named.error()));
  }
  if (auto named = proxy::name_limit_zones(region_, config, generation->number); !named) {
    return std::unexpected(describe(named.error()));
  }
  if (auto named = proxy::name_connection_counts(region_, generation->number); !named) {
    return std::unexpected(describe(named.error()));
  }
  auto logs = proxy::open_logs(config);
  if (!logs) return std::unexpected(logs.error());
  generation->logs = std::move(*logs);
  auto pulse = ipc::Pulse::create();
  if (!pulse) return std::unexpected(describe(pulse.error()));
  generation->pulse = std::make_unique<ipc::Pulse>(std::move(*pulse));
  auto life = ipc::make_channel_pair();
  if (!life) return std::unexpected(describe(life.error()));
  generation->life = std::move(life->first);
  ProxyChild child{generation->configuration->proxy,
                   generation->number,
                   *generation->pulse,
                   life->second,
                   sockets_,
                   region_,
                   *generation->logs};
  auto plan = plan_of(child);
  if (!plan) return std::unexpected(plan.error());
  plan->silence_stderr = settings_.silence_stderr;
  auto process = ChildProcess::start(loop_, scope_, *this, *plan);
  if (!process) return std::unexpected(describe(process.error()));
  generation->child = std::move(*process);
  all_.push_back(generation);
  tell_start();
  log_.print(LogLevel::notice, "start worker process {}", generation->child->pid());
  return generation;
}

void ProxyPart::tell_start() {
  if (!settings_.tells_as_nginx) return;
  log_.write(LogLevel::notice, "using the \"epoll\" event method");
  log_.write(LogLevel::notice, "start worker processes");
}

std::shared_ptr<ProxyPart::Generation> ProxyPart::find(const ChildProcess& child) {
  for (const auto& generation : all_) {
    if (generation->child.get() == &child) return generation;
  }
  return nullptr;
}

void ProxyPart::on_message(ChildProcess& child, ipc::Message message) {
  const auto generation = find(child);
  if (!generation) return;
  switch (message.type) {
    case ipc::MessageType::ready:
      if (generation->state == State::starting) promote(generation);
      break;
    case ipc::MessageType::failed:
      log_.write(LogLevel::emergency, message.text);
      generation->failure = message.text;
      break;
    case ipc::MessageType::clients:
      // From one that drains to the one that serves; without one they are closed here.
      if (serving_ && serving_ != generation) {
        static_cast<void>(serving_->child->send(std::move(message)));
      } else if (settings_.clients_left) {
        settings_.clients_left(std::move(message));
      }
      break;
    case ipc::MessageType::reload_wanted:
      settings_.reload_wanted();
      break;
    default:
      break;
  }
}

void ProxyPart::promote(const std::shared_ptr<Generation>& generation) {
  const auto old = std::exchange(serving_, generation);
  generation->state = State::serving;
  configuration_ = generation->configuration;
  stopped_on_purpose_ = false;
  restarts_.started(loop_.refresh_now());
  if (receiver_) {
    receiver_->attach(generation->number, runtime::Fd(::dup(generation->pulse->fd().get())),
                      runtime::Fd(::dup(generation->life.get())));
    if (old) receiver_->retire(old->number, false);
  }
  if (old) drain(*old, true);
  if (ending_) static_cast<void>(generation->child->send(ipc::MessageType::stop));
  sockets_.keep_only(configuration_->proxy->listeners);
  if (settings_.keep_pid_file) write_pid();
  limit_draining();
  changed_.open();
}

void ProxyPart::write_pid() {
  const std::string& path = configuration_->proxy->pid_path;
  if (!pid_path_.empty() && pid_path_ != path) ::unlink(pid_path_.c_str());
  pid_path_ = path;
  const Status written = write_pid_file(path, serving_->child->pid());
  if (!written) log_.print(LogLevel::error, "{}: {}", path, describe(written.error()));
}

void ProxyPart::drain(Generation& generation, bool hand_over) {
  generation.state = State::draining;
  generation.asked_to_end = true;
  static_cast<void>(generation.child->send(ipc::MessageType::drain, hand_over ? 1 : 0));
}

void ProxyPart::rest(bool hand_over) {
  restart_timer_.cancel();
  if (!serving_) return;
  const auto old = std::exchange(serving_, nullptr);
  if (receiver_) receiver_->retire(old->number, true);
  drain(*old, hand_over);
}

void ProxyPart::adopt_clients(ipc::Message message) {
  if (serving_) static_cast<void>(serving_->child->send(std::move(message)));
}

void ProxyPart::limit_draining() {
  std::size_t draining = 0;
  for (const auto& generation : all_) draining += generation->state == State::draining;
  for (const auto& generation : all_) {
    if (draining <= draining_max) return;
    if (generation->state != State::draining) continue;
    log_.print(LogLevel::warning, "worker process {} is ended: more than {} old ones still drain",
               generation->child->pid(), draining_max);
    static_cast<void>(generation->child->send(ipc::MessageType::stop));
    --draining;
  }
}

void ProxyPart::on_exit(ChildProcess& child, runtime::ExitStatus status) {
  const auto generation = find(child);
  if (!generation) return;
  all_.remove(generation);
  const State state = std::exchange(generation->state, State::ended);
  const bool clean = !status.signalled && status.code == 0;
  if (settings_.tells_as_nginx) {
    log_.print(LogLevel::notice, "signal 17 (SIGCHLD) received from {}", child.pid());
  }
  log_.print(clean ? LogLevel::notice : LogLevel::alert, "worker process {} {}", child.pid(),
             described(status));
  if (!clean) {
    const std::uint32_t lane = static_cast<std::uint32_t>(generation->number % ipc::lanes_max);
    const bool shared = std::any_of(all_.begin(), all_.end(), [&](const auto& other) {
      return other->number % ipc::lanes_max == lane;
    });
    if (!shared) {
      region_.clear_lane(lane);
      proxy::clear_limit_lane(region_, lane);
      proxy::clear_connection_lane(region_, lane);
    }
  }
  if (generation->failure.empty()) {
    generation->failure = fmt::format("the new proxy process {}", described(status));
  }
  if (!all_.empty()) region_.release_older_than(oldest());
  if (state == State::serving) serving_ended(*generation, status);
  changed_.open();
}

void ProxyPart::serving_ended(Generation& generation, runtime::ExitStatus status) {
  serving_.reset();
  remove_pid_file(pid_path_, generation.child->pid());
  if (ending_ || generation.asked_to_end) {
    if (receiver_) receiver_->retire(generation.number, true);
    return;
  }
  const bool by_itself =
      status.signalled ? status.code == SIGTERM || status.code == SIGQUIT : status.code == 0;
  if (by_itself && !settings_.restart_always) {
    stopped_on_purpose_ = true;
    if (receiver_) receiver_->retire(generation.number, true);
    // Nobody accepts any more: refuse connections instead of letting them wait.
    sockets_.close_all();
    log_.write(LogLevel::notice,
               "the proxy was stopped from outside and stays so until `baton start` or "
               "`baton reload`");
    return;
  }
  const Duration pause = restarts_.died(loop_.refresh_now());
  // The address need not wait for what will not come.
  if (pause > 0s && receiver_) receiver_->retire(generation.number, true);
  restart_after(pause);
}

void ProxyPart::restart_after(Duration pause) {
  if (pause > 0s) {
    log_.print(LogLevel::warning, "the proxy is started again in {} s", to_seconds(pause));
    sockets_.close_all();
  }
  restart_timer_.arm_after(pause);
}

runtime::Task<void> ProxyPart::restart() {
  if (ending_ || serving_ || !configuration_) co_return;
  const std::string problem = co_await bring_up(configuration_, 1);
  if (problem.empty() || ending_ || serving_) co_return;
  log_.print(LogLevel::alert, "the proxy could not be started again: {}", problem);
  restart_after(std::max<Duration>(restarts_.died(loop_.refresh_now()), RestartPolicy::pause_min));
}

void ProxyPart::expect_end() {
  ending_ = true;
  restart_timer_.cancel();
}

void ProxyPart::end(bool gracefully, bool hand_over) {
  expect_end();
  const auto type = gracefully ? ipc::MessageType::drain : ipc::MessageType::stop;
  for (const auto& generation : all_) {
    generation->asked_to_end = true;
    static_cast<void>(generation->child->send(type, gracefully && hand_over ? 1 : 0));
  }
  // Nobody accepts any more: refuse connections instead of letting them wait.
  sockets_.close_all();
  changed_.open();
}

void ProxyPart::kill() {
  for (const auto& generation : all_) generation->child->signal(SIGKILL);
}

void ProxyPart::tell_leaving(const std::string& addresses, bool close_idle) {
  for (const auto& generation : all_) {
    static_cast<void>(
        generation->child->send(ipc::MessageType::addresses_leave, close_idle ? 1 : 0, addresses));
  }
}

void ProxyPart::reopen_logs() {
  for (const auto& generation : all_) {
    std::optional<proxy::LogFiles::Owner> owner;
    std::string problem;
    if (const auto account = proxy_account(*generation->configuration->proxy, problem)) {
      owner = {account->uid, account->gid};
    }
    for (const auto& failure : generation->logs->reopen(owner)) {
      log_.write(LogLevel::emergency, failure);
    }
    static_cast<void>(generation->child->send(ipc::MessageType::reopen_logs));
  }
}

std::uint64_t ProxyPart::oldest() const {
  return all_.empty() ? next_number_ : all_.front()->number;
}

}  // namespace baton::supervisor
