// The second heartbeat path: the sockets that the configuration asks for, and the reports that go
// and come by them. What a report means is the machine's business (vrrp/takeover.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "config/model/failover.h"
#include "failover/link_table.h"
#include "failover/read_watch.h"
#include "linux/heartbeat_socket.h"
#include "runtime/loop.h"
#include "vrrp/heartbeat.h"

namespace baton::failover {

class SecondPath {
 public:
  // `on_report` is called for every report of another node.
  SecondPath(runtime::Loop& loop, const LinkTable& links, Log& log,
             std::function<void(const vrrp::PeerReport&)> on_report);

  // Opens what `config` asks for and closes the rest.
  void configure(const config::Failover& config);
  // An interface may have come, gone or changed its number.
  void review_links();
  // To all other nodes that `options` name.
  void send(const config::GuardOptions& options, vrrp::PeerReport report);
  // Reads what waits now, before a timer is believed.
  void drain();

 private:
  struct Port {
    linux::HeartbeatSocket socket;
    std::unique_ptr<ReadWatch> watch;
    int send_error = 0;  // the last that was told
  };
  static constexpr int reports_per_turn = 256;

  void open(const linux::HeartbeatEndpoint& endpoint);
  bool read(Port& port);

  runtime::Loop& loop_;
  const LinkTable& links_;
  Log& log_;
  std::function<void(const vrrp::PeerReport&)> on_report_;
  std::uint16_t port_number_ = 0;
  std::set<std::string> interfaces_;
  std::set<net::IpAddress> peers_;
  std::map<std::string, std::unique_ptr<Port>> ports_;  // by interface; "" is for unicast
  std::map<std::string, int> open_errors_;              // the last that was told, by interface
  std::uint64_t run_;
  std::uint64_t sequence_ = 0;
};

}  // namespace baton::failover
