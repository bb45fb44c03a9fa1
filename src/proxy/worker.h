// One thread of the proxy: a loop, the listening sockets that are its own, the connections that it
// accepted, its pool of upstream connections, its batch of log lines. It shares with the other
// threads only what never changes (configuration, router) and atomics (upstream state, counters).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ipc/pulse.h"
#include "proxy/conversation.h"
#include "proxy/logs/log_files.h"
#include "proxy/routing/router.h"
#include "proxy/services.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::proxy {

class Worker {
 public:
  struct ListenSocket {
    runtime::Fd fd;
    std::uint32_t listener;  // index into config::Proxy::listeners
  };
  struct Inputs {
    std::uint32_t index = 0;    // of the thread
    std::uint32_t threads = 1;  // of all
    const config::Proxy* config = nullptr;
    const Router* router = nullptr;
    upstream::Upstreams* upstreams = nullptr;
    cache::Caches* caches = nullptr;
    const LogFiles* logs = nullptr;
    ErrorLog* error_log = nullptr;
    ipc::Pulse* pulse = nullptr;
    LimitZones* limits = nullptr;
    PasswordChecker* passwords = nullptr;
    const ConnectionCounter* connections = nullptr;
    const LeavingAddresses* leaving = nullptr;
    std::vector<ListenSocket> sockets;
    // Called on the worker's thread with an idle client that is handed over.
    std::function<void(runtime::Fd)> hand_over;
  };
  static Result<std::unique_ptr<Worker>> create(Inputs inputs);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // The thread's body: serves until it has been told to end and has ended. `started` is called
  // once all sockets accept.
  void run(const std::function<void()>& started);

  // The following may be called from any thread while run() runs.

  // Idle clients of Services::leaving are closed.
  void end_leaving();
  // Stops accepting; idle clients are closed or handed over, busy ones finish first. After
  // worker_shutdown_timeout the rest is cut off.
  void drain(Ending ending);
  // Ends all connections now.
  void stop();
  // Serves a connection that another generation has accepted.
  void adopt(runtime::Fd fd);
  void flush_logs();
  [[nodiscard]] const ThreadCounters& counters() const { return counters_; }

 private:
  Worker(std::unique_ptr<runtime::Loop> loop, Inputs inputs);
  runtime::Task<void> live();
  runtime::Task<void> accept_clients(std::uint32_t socket);
  void serve(runtime::Fd fd, std::uint32_t listener, const net::Endpoint& address);
  runtime::Task<void> turn_pulse();
  void begin_drain(Ending ending);
  void take_over(runtime::Fd fd);
  void tell_shortage(LogLevel level, const std::string& text);
  [[nodiscard]] std::uint32_t listener_of(const net::Endpoint& local) const;

  std::unique_ptr<runtime::Loop> loop_;
  Inputs inputs_;
  ThreadCounters counters_;
  upstream::ThreadUpstreams upstreams_;
  AccessLogWriter access_log_;
  Services services_;
  ExchangePool exchanges_;
  runtime::TaskScope serving_;  // accepting and connections
  Conversations conversations_;
  std::vector<std::unique_ptr<runtime::Listener>> listeners_;
  std::uint32_t connections_max_;
  Instant last_shortage_{};
  runtime::Timer shutdown_timer_;
  runtime::TaskScope root_;
  bool finished_ = false;
};

}  // namespace baton::proxy
