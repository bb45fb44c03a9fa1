// The second heartbeat path: the sockets that the configuration asks for, and the reports that go
// and come by them. What a report means is the machine's business (vrrp/takeover.h); whether it is
// to be believed at all is that of the seal (vrrp/heartbeat_seal.h).
//
// An interface hears reports of both families. They are sent by IPv4 where the interface has an
// address of this node for it, and else by IPv6 from its link-local address.
#pragma once

#include <array>
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
#include "vrrp/heartbeat_seal.h"

namespace baton::failover {

class SecondPath {
 public:
  // A report that is not believed, from the node at `source`; counted already.
  using DropHandler = std::function<void(const vrrp::PeerReport& disputed,
                                         const net::IpAddress& source, vrrp::HeartbeatDrop drop)>;
  using Drops = std::array<std::uint64_t, vrrp::heartbeat_drops>;

  // `on_report` is called for every report of another node that is believed.
  SecondPath(runtime::Loop& loop, const LinkTable& links, Log& log,
             std::function<void(const vrrp::PeerReport&, const net::IpAddress& source)> on_report,
             DropHandler on_drop);

  // Opens what `config` asks for and closes the rest. `pair_key`: the text of the key file; empty:
  // reports are neither signed nor proven.
  void configure(const config::Failover& config, const std::string& pair_key);
  // An interface may have come, gone or changed its number.
  void review_links();
  // To all other nodes that `options` name.
  void send(const config::GuardOptions& options, vrrp::PeerReport report);
  // Reads what waits now, before a timer is believed.
  void drain();

  // Now and then: tells, once, when nothing is heard. A guard that guards nothing is worse than
  // none.
  void look();

  // For how long nothing has been heard that was believed; 0 unless that is worth telling.
  [[nodiscard]] Duration silence() const { return is_silent_ ? loop_.now() - heard_at_ : 0s; }
  // What it goes by, for people: "eth1, 10.34.0.2".
  [[nodiscard]] std::string ways() const;
  [[nodiscard]] bool is_used() const { return !interfaces_.empty() || !peers_.empty(); }
  [[nodiscard]] bool is_authenticated() const { return seal_.has_key(); }
  // How many reports were not believed, by HeartbeatDrop.
  [[nodiscard]] const Drops& drops() const { return drops_; }

 private:
  struct Port {
    linux::HeartbeatSocket socket;
    std::unique_ptr<ReadWatch> watch;
    int send_error = 0;  // the last that was told
  };
  // By interface and family; "" is for unicast.
  using PortKey = std::pair<std::string, net::Family>;
  // Reports of a node that do not answer ours, one after the other.
  struct Deafness {
    Instant since{};
    bool told = false;
  };
  static constexpr int reports_per_turn = 256;
  static constexpr std::size_t deaf_max = 64;
  static constexpr Duration deaf_patience = 3s;
  static constexpr Duration silence_patience = 5s;  // and some intervals, where they are long

  void open(const linux::HeartbeatEndpoint& endpoint);
  bool read(Port& port);
  void take(const Port& port, const linux::ReceivedHeartbeat& received);
  void note_deaf(const net::IpAddress& source);
  void transmit(const PortKey& way, std::span<const std::uint8_t> bytes, const net::IpAddress& to);
  [[nodiscard]] net::Family sending_family(const std::string& interface) const;

  runtime::Loop& loop_;
  const LinkTable& links_;
  Log& log_;
  std::function<void(const vrrp::PeerReport&, const net::IpAddress&)> on_report_;
  DropHandler on_drop_;
  std::uint16_t port_number_ = 0;
  std::set<std::string> interfaces_;
  std::set<net::IpAddress> peers_;
  std::vector<net::IpAddress> virtual_addresses_;  // sorted: no node is known by these
  std::map<PortKey, std::unique_ptr<Port>> ports_;
  std::map<PortKey, int> open_errors_;  // the last that was told
  std::map<net::IpAddress, Deafness> deaf_;
  Instant heard_at_{};  // a report that was believed, of whomever; or since when we listen
  Duration longest_interval_{};
  bool is_silent_ = false;
  vrrp::HeartbeatSeal seal_;
  Drops drops_{};
};

}  // namespace baton::failover
