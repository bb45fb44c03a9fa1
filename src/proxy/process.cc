// The proxy process: threads that serve, and a main thread that listens to the supervisor and to
// signals and takes no part in serving.

#include "proxy/process.h"

#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/text.h"
#include "cache/keeper.h"
#include "ipc/channel.h"
#include "proxy/access/limit_zones.h"
#include "proxy/access/password_checker.h"
#include "proxy/client/connection_counts.h"
#include "proxy/client/leaving_addresses.h"
#include "proxy/health/health_checker.h"
#include "proxy/logs/error_log.h"
#include "proxy/logs/log_files.h"
#include "proxy/routing/router.h"
#include "proxy/status.h"
#include "proxy/worker.h"
#include "runtime/signals.h"
#include "upstream/group_updater.h"
#include "upstream/upstreams.h"

namespace baton::proxy {

namespace {

std::uint32_t groups_in_use(const config::Proxy& config) {
  std::vector<bool> used(config.upstreams.size());
  for (const config::Server& server : config.servers) {
    for (const config::Location& location : server.locations) {
      if (location.proxy && !location.proxy->url) used[location.proxy->upstream] = true;
    }
  }
  return static_cast<std::uint32_t>(std::ranges::count(used, true));
}

constexpr Duration servers_wait_max = 1s;
constexpr Duration servers_turn = 5ms;

class Process {
 public:
  Process(ProcessInputs inputs, std::unique_ptr<runtime::Loop> loop,
          std::unique_ptr<runtime::Signals> signals);
  Status make_workers();
  int run();

 private:
  runtime::Task<void> live();
  runtime::Task<void> hear_supervisor();
  runtime::Task<void> hear_signals();
  runtime::Task<void> watch_upstreams();
  runtime::Task<void> tell_ready();
  void obey(ipc::Message& message);
  void start_threads();
  void one_started();
  void one_ended();
  void drain(Ending ending);
  void stop();
  void reopen_logs();
  void reply_status(std::uint64_t ticket);
  void hand_over(runtime::Fd fd);
  void send_handed_over();
  void adopt(std::vector<runtime::Fd>& clients);

  ProcessInputs inputs_;
  std::unique_ptr<runtime::Loop> loop_;
  std::unique_ptr<runtime::Signals> signals_;
  ErrorLog error_log_;
  Router router_;
  upstream::Upstreams upstreams_;
  cache::Caches caches_;
  LimitZones limits_;
  PasswordChecker passwords_;
  ConnectionCounter connections_;
  LeavingAddresses leaving_;
  upstream::GroupUpdater updater_;
  HealthChecker checker_;
  ipc::Channel channel_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
  runtime::TaskScope root_;
  std::uint32_t started_ = 0;
  std::uint32_t ended_ = 0;
  std::size_t next_adopter_ = 0;
  bool draining_ = false;
  bool stopped_ = false;
  bool finished_ = false;
  // Clients on their way to the next generation, gathered for one message.
  std::vector<runtime::Fd> handed_over_;
};

Process::Process(ProcessInputs inputs, std::unique_ptr<runtime::Loop> loop,
                 std::unique_ptr<runtime::Signals> signals)
    : inputs_(std::move(inputs)),
      loop_(std::move(loop)),
      signals_(std::move(signals)),
      error_log_(*inputs_.config, *inputs_.logs),
      router_(*inputs_.config),
      upstreams_(*inputs_.config, *inputs_.region, inputs_.generation),
      caches_(*inputs_.config),
      limits_(*inputs_.config, *inputs_.region, inputs_.generation),
      connections_(*inputs_.region, inputs_.generation),
      updater_(*loop_, upstreams_, error_log_),
      checker_(*loop_, *inputs_.config, upstreams_, error_log_, inputs_.generation),
      channel_(*loop_, std::move(inputs_.channel)) {}

Status Process::make_workers() {
  for (std::uint32_t index = 0; index < inputs_.threads; ++index) {
    Worker::Inputs worker;
    worker.index = index;
    worker.threads = inputs_.threads;
    worker.config = inputs_.config.get();
    worker.router = &router_;
    worker.upstreams = &upstreams_;
    worker.caches = &caches_;
    worker.logs = inputs_.logs;
    worker.error_log = &error_log_;
    worker.pulse = inputs_.pulse;
    worker.limits = &limits_;
    worker.passwords = &passwords_;
    worker.connections = &connections_;
    worker.leaving = &leaving_;
    worker.hand_over = [this](runtime::Fd fd) {
      const int number = fd.release();
      loop_->post([this, number] { hand_over(runtime::Fd(number)); });
    };
    for (std::uint32_t listener = 0; listener < inputs_.listeners.size(); ++listener) {
      auto& sockets = inputs_.listeners[listener].sockets;
      for (std::size_t i = index; i < sockets.size(); i += inputs_.threads) {
        worker.sockets.push_back({std::move(sockets[i]), listener});
      }
    }
    auto made = Worker::create(std::move(worker));
    if (!made) return std::unexpected(made.error());
    connections_.add((*made)->counters());
    workers_.push_back(std::move(*made));
  }
  return {};
}

int Process::run() {
  root_.spawn(live());
  loop_->run();
  for (std::thread& thread : threads_) thread.join();
  caches_.stop();
  error_log_.write(LogLevel::notice, "exit");
  return 0;
}

runtime::Task<void> Process::live() {
  root_.spawn(hear_supervisor());
  root_.spawn(hear_signals());
  root_.spawn(watch_upstreams());
  updater_.start(root_);
  checker_.start(root_);
  start_threads();
  co_return;
}

void Process::start_threads() {
  inputs_.pulse->page().threads = inputs_.threads;
  inputs_.pulse->page().groups = groups_in_use(*inputs_.config);
  caches_.start([this](LogLevel level, std::string_view line) { error_log_.write(level, line); });
  for (auto& worker : workers_) {
    threads_.emplace_back([this, &worker] {
      worker->run([this] { loop_->post([this] { one_started(); }); });
      loop_->post([this] { one_ended(); });
    });
  }
}

void Process::one_started() {
  if (++started_ == workers_.size()) root_.spawn(tell_ready());
}

// The first requests should find the servers that names stand for, checked where that has to be
// first; but not wait long for them.
runtime::Task<void> Process::tell_ready() {
  const Instant latest = loop_->now() + servers_wait_max;
  while (!(updater_.settled() && checker_.settled()) && loop_->now() < latest && !finished_ &&
         !loop_->cancelled()) {
    co_await loop_->sleep_for(servers_turn);
  }
  static_cast<void>(channel_.send(ipc::MessageType::ready));
}

void Process::one_ended() {
  if (++ended_ < workers_.size()) return;
  connections_.publish();
  finished_ = true;
  if (!stopped_) error_log_.write(LogLevel::notice, "exiting");
  send_handed_over();
  loop_->cancel_all();
  loop_->stop();
}

runtime::Task<void> Process::hear_supervisor() {
  while (!finished_) {
    auto message = co_await channel_.receive();
    if (!message) break;
    obey(*message);
  }
  // Without a supervisor there is nobody to serve for.
  if (!finished_) stop();
}

void Process::obey(ipc::Message& message) {
  switch (message.type) {
    case ipc::MessageType::drain:
      drain(message.number == 1 ? Ending::hand_over : Ending::close);
      break;
    case ipc::MessageType::stop:
      stop();
      break;
    case ipc::MessageType::reopen_logs:
      reopen_logs();
      break;
    case ipc::MessageType::addresses_leave: {
      std::vector<net::IpAddress> addresses;
      for (const auto word : split_words(message.text)) {
        if (const auto address = net::IpAddress::parse(word)) addresses.push_back(*address);
      }
      leaving_.set(std::move(addresses));
      if (message.number == 1) {
        for (const auto& worker : workers_) worker->end_leaving();
      }
      break;
    }
    case ipc::MessageType::status_request:
      reply_status(message.number);
      break;
    case ipc::MessageType::clients:
      adopt(message.fds);
      break;
    default:
      break;
  }
}

runtime::Task<void> Process::hear_signals() {
  while (!finished_) {
    const auto signal = co_await signals_->next();
    if (!signal) co_return;
    switch (signal->number) {
      case SIGTERM:
      case SIGINT:
        stop();
        break;
      case SIGQUIT:
      case SIGWINCH:
        drain(Ending::close);
        break;
      case SIGHUP:
        static_cast<void>(channel_.send(ipc::MessageType::reload_wanted));
        break;
      case SIGUSR1:
        reopen_logs();
        break;
      default:
        break;
    }
  }
}

// The failover process looks at the pulse page to know whether this node can serve.
runtime::Task<void> Process::watch_upstreams() {
  while (!finished_ && !loop_->cancelled()) {
    connections_.publish();
    inputs_.pulse->page().groups_dead = upstreams_.groups_dead(loop_->now());
    co_await loop_->sleep_for(ipc::turn_interval);
  }
}

void Process::drain(Ending ending) {
  if (!draining_) error_log_.write(LogLevel::notice, "gracefully shutting down");
  draining_ = true;
  caches_.stop();  // the next generation looks after the files now
  updater_.stop();
  checker_.stop();
  for (auto& worker : workers_) worker->drain(ending);
}

void Process::stop() {
  if (!stopped_) error_log_.write(LogLevel::notice, "exiting");
  stopped_ = true;
  for (auto& worker : workers_) worker->stop();
}

void Process::reopen_logs() {
  error_log_.write(LogLevel::notice, "reopening logs");
  for (auto& worker : workers_) worker->flush_logs();
  for (const std::string& problem : inputs_.logs->reopen()) {
    error_log_.write(LogLevel::emergency, problem);
  }
}

void Process::reply_status(std::uint64_t ticket) {
  StatusInputs status;
  status.config = inputs_.config.get();
  status.upstreams = &upstreams_;
  status.generation = inputs_.generation;
  status.draining = draining_;
  status.now = loop_->now();
  for (const auto& worker : workers_) status.threads.push_back(&worker->counters());
  static_cast<void>(channel_.send(ipc::MessageType::status_reply, ticket, status_json(status)));
}

void Process::hand_over(runtime::Fd fd) {
  handed_over_.push_back(std::move(fd));
  if (handed_over_.size() == 1) loop_->post([this] { send_handed_over(); });
  if (handed_over_.size() == ipc::Channel::fds_max) send_handed_over();
}

void Process::send_handed_over() {
  if (handed_over_.empty()) return;
  ipc::Message message;
  message.type = ipc::MessageType::clients;
  message.fds = std::move(handed_over_);
  handed_over_.clear();
  static_cast<void>(channel_.send(std::move(message)));
}

void Process::adopt(std::vector<runtime::Fd>& clients) {
  for (runtime::Fd& client : clients) {
    workers_[next_adopter_++ % workers_.size()]->adopt(std::move(client));
  }
}

}  // namespace

int run_process(ProcessInputs inputs) {
  ::signal(SIGPIPE, SIG_IGN);
  auto loop = runtime::Loop::create();
  if (!loop) return 1;
  auto signals = runtime::Signals::create(
      **loop, {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH});
  if (!signals) return 1;
  Process process(std::move(inputs), std::move(*loop), std::move(*signals));
  const Status made = process.make_workers();
  if (!made) return 1;
  return process.run();
}

}  // namespace baton::proxy
