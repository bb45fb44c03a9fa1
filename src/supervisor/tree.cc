// From the first fork to the last pid file.

#include "supervisor/tree.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/version.h"
#include "supervisor/process_title.h"
#include "supervisor/tree_log.h"

namespace baton::supervisor {

namespace {

constexpr Duration yield_patience = 4s;      // the failover process's end, with its yielding
constexpr Duration delivery_patience = 60s;  // of what the ended proxy has left to the kernel
constexpr Duration notify_patience = 1s;     // notify_stop scripts
constexpr Duration stop_patience = 5s;       // the proxy's end by TERM
// How long a proxy that is about to stop serves on so that the address can be handed over.
constexpr Duration handover_patience = 1500ms;

bool has_stderr(const std::vector<config::ErrorLog>& logs) {
  return std::ranges::any_of(logs, [](const auto& log) { return log.path == "stderr"; });
}

}  // namespace

Tree::Tree(runtime::Loop& loop, Options options, LoadedConfiguration loaded, Daemon daemon,
           std::optional<Inheritance> inherited)
    : loop_(loop),
      options_(std::move(options)),
      configuration_(std::move(loaded.configuration)),
      load_lines_(std::move(loaded.log_lines)),
      daemon_(std::move(daemon)),
      service_(ServiceManager::from_environment()),
      changed_(loop),
      inherited_(std::move(inherited)) {}

int Tree::run() {
  main_.spawn(live());
  if (main_.running() > 0) loop_.run();
  return exit_code_;
}

runtime::Task<void> Tree::live() {
  const std::string problem = co_await start();
  if (problem.empty()) {
    started();
    while (!stopping_) static_cast<void>(co_await changed_.wait());
  } else {
    fail_start(problem);
  }
  co_await shut_down();
  loop_.cancel_all();
  co_await tasks_.joined();
  loop_.stop();
}

runtime::Task<std::string> Tree::start() {
  log_ = make_tree_log(options_, configuration_->proxy.get());
  if (options_.personality == Personality::nginx &&
      !has_stderr(configuration_->proxy->error_logs)) {
    auto console = std::make_unique<ConsoleLog>();
    console_ = console.get();
    log_->add(std::move(console));
  }
  started_at_ = loop_.refresh_now();
  started_wall_ = runtime::wall_now();
  std::string problem = prepare();
  if (!problem.empty()) co_return problem;
  make_parts();
  tasks_.spawn(receive_signals());
  problem = co_await start_parts();
  if (!problem.empty() || stopping_) co_return problem;
  open_control();
  co_return "";
}

// The run directory, the lock, the signals, the shared memory. Gives the problem, if any.
std::string Tree::prepare() {
  std::error_code error;
  std::filesystem::create_directories(options_.run_directory, error);
  auto lock = PidLock::acquire(options_.pid_path);
  if (!lock && lock.error().kind == ErrorKind::unavailable) {
    const auto holder = lock_holder(options_.pid_path);
    return fmt::format("already running{} (pid file {} is locked)",
                       holder ? fmt::format(" as process {}", *holder) : "", options_.pid_path);
  }
  if (!lock) {
    return fmt::format("open() \"{}\" failed ({}: {})", options_.pid_path, lock.error().errno_value,
                       ::strerror(lock.error().errno_value));
  }
  lock_ = std::move(*lock);
  auto signals = runtime::Signals::create(loop_, {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1,
                                                  SIGUSR2, SIGWINCH, SIGRTMIN + 2, SIGRTMAX - 1});
  if (!signals) return describe(signals.error());
  signals_ = std::move(*signals);
  if (configuration_->proxy) {
    auto region = ipc::SharedRegion::create();
    if (!region) return describe(region.error());
    region_ = std::move(*region);
  }
  return "";
}

void Tree::make_parts() {
  const std::string link = options_.run_directory + "/failover.sock";
  PulseReceiver* receiver = nullptr;
  if (configuration_->failover) {
    make_failover_part();
    receiver = failover_.get();
    if (!configuration_->proxy) {
      link_server_ = std::make_unique<FailoverLinkServer>(loop_, tasks_, *log_, *failover_);
      if (const Status listening = link_server_->listen(link); !listening) {
        log_->print(LogLevel::warning, "a separate nginx cannot announce itself, {}: {}", link,
                    describe(listening.error()));
      }
    }
  } else {
    link_client_ = std::make_unique<FailoverLinkClient>(
        loop_, tasks_, link, [this](const std::string& addresses, bool close_idle) {
          if (proxy_) proxy_->tell_leaving(addresses, close_idle);
        });
    link_client_->start();
    receiver = link_client_.get();
  }
  if (!configuration_->proxy) return;
  ProxyPart::Settings settings;
  settings.keep_pid_file = options_.personality == Personality::baton;
  settings.restart_always = options_.personality == Personality::nginx;
  settings.silence_stderr = options_.daemonize && !keeps_stderr();
  settings.reload_wanted = [this] { want_reload(); };
  settings.tells_as_nginx = options_.personality == Personality::nginx;
  settings.clients_left = [this](ipc::Message message) {
    if (link_) link_->send_clients(std::move(message));
  };
  proxy_ =
      std::make_unique<ProxyPart>(loop_, tasks_, *log_, *region_, receiver, std::move(settings));
  if (inherited_) take_over(*inherited_);
}

void Tree::make_failover_part() {
  FailoverPart::Settings settings;
  settings.load_options = *options_.files.failover;
  settings.pid_paths = options_.failover_pid_paths;
  // The pid file is what tells this instance from others on the machine.
  std::string instance = options_.pid_path;
  std::ranges::replace(instance, '/', '-');
  settings.originals_path = options_.run_directory + "/settings" + instance;
  settings.last_path = options_.run_directory + "/last" + instance;
  settings.restart_always = options_.personality == Personality::keepalived;
  settings.restart_never = options_.restart_never;
  settings.silence_stderr = options_.daemonize && !keeps_stderr();
  settings.keep_addresses_at_end = options_.keep_addresses_at_end;
  settings.proxy_expected = configuration_->proxy != nullptr;
  settings.log_detail = options_.log_detail;
  settings.make_log = [this] { return make_failover_log(options_); };
  settings.addresses_leave = [this](const std::string& addresses, bool close_idle) {
    if (proxy_) proxy_->tell_leaving(addresses, close_idle);
    if (link_server_) link_server_->tell_leaving(addresses, close_idle);
  };
  settings.reload_wanted = [this] { want_reload(); };
  messenger_ = std::make_unique<Messenger>(loop_, tasks_, *log_);
  settings.announce = [this](const ipc::Announcement& announcement) {
    messenger_->announce(announcement);
  };
  failover_ = std::make_unique<FailoverPart>(loop_, tasks_, *log_, std::move(settings));
}

void Tree::open_control() {
  const char* name = options_.personality == Personality::nginx        ? "control-nginx"
                     : options_.personality == Personality::keepalived ? "control-keepalived"
                                                                       : "control";
  const std::string base = options_.run_directory + "/" + name;
  control_ = std::make_unique<control::Server>(loop_, tasks_, *this);
  Status listening = control_->listen(base + ".sock");
  // Another instance of the same name has it: this one is found by its pid.
  if (!listening && listening.error().kind == ErrorKind::unavailable) {
    listening = control_->listen(fmt::format("{}-{}.sock", base, ::getpid()));
  }
  if (!listening) {
    log_->print(LogLevel::notice, "no control socket in {}: {}", options_.run_directory,
                describe(listening.error()));
  }
}

runtime::Task<std::string> Tree::start_parts() {
  if (options_.personality == Personality::keepalived) {
    log_->print(LogLevel::info, "Starting Keepalived v{} (baton {})", keepalived_version,
                BATON_VERSION);
    log_->print(LogLevel::info, "Command line: {}", options_.command_line);
    log_->print(LogLevel::info, "Opening file '{}'.", options_.files.failover->path);
  }
  // On stderr it has been said already.
  if (console_) console_->be_quiet(true);
  if (options_.personality != Personality::baton) log_all(load_lines_);
  if (console_) console_->be_quiet(false);
  if (options_.personality == Personality::nginx) tell_system();
  if (messenger_) {
    co_await messenger_->run_frame(configuration_->failover->messages.startup, "startup");
    if (stopping_) co_return "";
  }
  if (proxy_) {
    constexpr int tries = 5;  // half a second apart, as nginx
    const std::string problem = co_await proxy_->bring_up(configuration_, tries);
    if (!problem.empty()) co_return problem;
  }
  if (failover_ && !stopping_) {
    messenger_->configure(configuration_->failover);
    co_return co_await failover_->start(configuration_);
  }
  co_return "";
}

// What nginx says of itself and the system at every start.
void Tree::tell_system() {
  log_->print(LogLevel::notice, "nginx/{}", nginx_version);
  log_->print(LogLevel::notice, "built by clang {}", __clang_version__);
  utsname system{};
  if (::uname(&system) == 0) {
    log_->print(LogLevel::notice, "OS: {} {}", system.sysname, system.release);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    log_->print(LogLevel::notice, "getrlimit(RLIMIT_NOFILE): {}:{}", limit.rlim_cur,
                limit.rlim_max);
  }
  // The proxy raises its limit as far as it may.
  const config::Proxy& proxy = *configuration_->proxy;
  const rlim_t descriptors = std::max(limit.rlim_max, proxy.worker_rlimit_nofile.value_or(0));
  if (proxy.worker_connections > descriptors) {
    log_->print(LogLevel::warning, "{} worker_connections exceed open file resource limit: {}",
                proxy.worker_connections, descriptors);
  }
}

void Tree::started() {
  serving_ = true;
  if (console_) console_->be_quiet(true);
  if (link_) link_->tell_ready(true);
  if (const Status written = lock_.write(::getpid()); !written) {
    log_->print(LogLevel::error, "{}: {}", options_.pid_path, describe(written.error()));
  }
  if (options_.personality == Personality::nginx) {
    set_process_title(fmt::format("nginx: master process {}", options_.command_line));
  }
  if (failover_) tasks_.spawn(follow_reload_time());
  if (options_.personality == Personality::keepalived) {
    const std::string& name = configuration_->failover->places.main_name;
    if (!name.empty()) set_process_name(name);
    log_->write(LogLevel::info, "Startup complete");
  }
  log_->print(LogLevel::notice, "baton {} is ready", BATON_VERSION);
  service_.ready(::getpid(), "ready");
  daemon_.started(keeps_stderr());
  if (std::exchange(reload_early_, false)) want_reload();
}

// Whether anything is still to be said on stderr from the background.
bool Tree::keeps_stderr() const {
  if (options_.log_to_console) return true;
  if (!configuration_->proxy) return false;
  return has_stderr(configuration_->proxy->error_logs);
}

void Tree::fail_start(const std::string& problem) {
  exit_code_ = 1;
  log_->write(LogLevel::emergency, problem);
  const char* name = options_.personality == Personality::keepalived ? "keepalived:" : "baton:";
  // Under the name nginx the log has said it on stderr, too.
  if (options_.personality != Personality::nginx) fmt::print(stderr, "{} {}\n", name, problem);
  service_.status(problem);
  daemon_.failed(exit_code_);
}

runtime::Task<void> Tree::shut_down() {
  service_.stopping();
  stopping_ = true;
  if (proxy_) proxy_->expect_end();
  if (failover_) co_await end_failover();
  if (proxy_) co_await end_proxy();
  if (messenger_) {
    co_await messenger_->finish();
    if (serving_) {
      co_await messenger_->run_frame(configuration_->failover->messages.shutdown, "shutdown");
    }
  }
  if (control_) control_->withdraw();
  if (options_.personality == Personality::keepalived && serving_) {
    log_->print(LogLevel::info, "Stopped Keepalived v{} (baton {})", keepalived_version,
                BATON_VERSION);
  }
  if (options_.personality == Personality::nginx && serving_) log_->write(LogLevel::notice, "exit");
  lock_ = PidLock();
}

runtime::Task<void> Tree::end_failover() {
  failover_->end();
  Duration wanted = configuration_->failover->places.child_wait;
  // In version 3 a successor may take an advert interval to come.
  for (const auto& instance : configuration_->failover->instances) {
    if (instance.version == 3) wanted = std::max<Duration>(wanted, instance.advert_interval + 1s);
  }
  Instant deadline = loop_.refresh_now() + std::max<Duration>(yield_patience, wanted);
  bool is_draining = false;
  bool has_drained = false;
  while (failover_->process() && loop_.now() < deadline) {
    // The addresses are with another node, which sends us what began here: the proxy finishes it.
    if (failover_->handed_over() && !std::exchange(is_draining, true)) {
      const Duration patience = configuration_->failover->pair.handover_timeout + yield_patience;
      deadline = loop_.now() + patience;
      tell_draining(patience);
      if (proxy_) proxy_->end(true);
    }
    if (is_draining && in_a_hurry_) deadline = loop_.now();
    // What the kernel still has to deliver is waited for; the failover process sees it.
    if (is_draining && proxy_ && proxy_->ended() && !std::exchange(has_drained, true)) {
      deadline = std::min(deadline, loop_.now() + delivery_patience);
    }
    // (The proxy's end opens another gate.)
    static_cast<void>(
        co_await failover_->changed().wait(std::min(deadline, loop_.refresh_now() + 50ms)));
  }
  if (is_draining && failover_->process()) {
    failover_->end();  // once more: at once
    const Instant last = loop_.refresh_now() + yield_patience;
    while (failover_->process() && co_await failover_->changed().wait(last)) {
    }
  }
  failover_->kill();
  while (failover_->process()) static_cast<void>(co_await failover_->changed().wait());
  const Instant patience = loop_.refresh_now() + notify_patience;
  while (failover_->scripts_running() > 0 && loop_.now() < patience) {
    static_cast<void>(co_await loop_.sleep_for(10ms));
  }
}

// Who waits for the end, a person or systemd, is to know what for, and how long.
void Tree::tell_draining(Duration patience) {
  const std::string text = fmt::format(
      "the addresses are with the other node; connections that began here are served to their "
      "end, {} s at most (stop again to cut them)",
      to_ms(patience) / 1000);
  log_->write(LogLevel::notice, text);
  service_.extend_stop(patience + yield_patience + stop_patience, text);
}

runtime::Task<void> Tree::end_proxy() {
  const auto* serving = proxy_->serving();
  if (link_client_ && link_client_->connected() && serving) {
    // The other tree is told first, so that the address moves while there is someone to serve it.
    link_client_->retire(serving->number, true);
    const Instant handed_over = loop_.refresh_now() + handover_patience;
    while (proxy_->serving() && loop_.now() < handed_over) {
      if (!co_await proxy_->changed().wait(handed_over)) break;
    }
  }
  bool gracefully = stop_gracefully_;
  proxy_->sockets().share_files(new_binary_ > 0 || old_binary_runs());
  proxy_->end(gracefully, hands_over());
  const Duration patience = configuration_->proxy->worker_shutdown_timeout;
  Instant deadline = loop_.refresh_now() + stop_patience;
  if (gracefully) deadline = patience > 0s ? deadline + patience : never;
  while (!proxy_->ended()) {
    const bool changed = co_await proxy_->changed().wait(deadline);
    if (gracefully && !stop_gracefully_) {
      // TERM after QUIT: no more patience.
      gracefully = false;
      proxy_->end(false);
      deadline = loop_.refresh_now() + stop_patience;
    } else if (!changed) {
      proxy_->kill();
      deadline = never;
    }
  }
  if (link_) co_await link_->flushed(loop_.refresh_now() + stop_patience);
}

}  // namespace baton::supervisor
