// Opening, sending, reading.

#include "failover/second_path.h"

#include <algorithm>
#include <utility>

namespace baton::failover {

SecondPath::SecondPath(runtime::Loop& loop, const LinkTable& links, Log& log,
                       std::function<void(const vrrp::PeerReport&)> on_report)
    : loop_(loop),
      links_(links),
      log_(log),
      on_report_(std::move(on_report)),
      run_(linux::draw_run_number()) {}

void SecondPath::configure(const config::Failover& config) {
  interfaces_.clear();
  peers_.clear();
  for (const auto& instance : config.instances) {
    const auto& guard = instance.guard;
    interfaces_.insert(guard.heartbeat_interfaces.begin(), guard.heartbeat_interfaces.end());
    peers_.insert(guard.heartbeat_peers.begin(), guard.heartbeat_peers.end());
  }
  if (std::exchange(port_number_, config.heartbeat_port) != config.heartbeat_port) ports_.clear();
  std::erase_if(ports_, [this](const auto& entry) {
    return entry.first.empty() ? peers_.empty() : !interfaces_.contains(entry.first);
  });
  review_links();
}

void SecondPath::review_links() {
  if (!peers_.empty() && !ports_.contains("")) open({"", 0, port_number_});
  for (const auto& interface : interfaces_) {
    const linux::Link* link = links_.find(interface);
    const auto known = ports_.find(interface);
    const bool fits =
        link && known != ports_.end() && known->second->socket.endpoint().link == link->index;
    if (fits) continue;
    if (known != ports_.end()) ports_.erase(known);
    if (link) open({interface, link->index, port_number_});
  }
}

void SecondPath::open(const linux::HeartbeatEndpoint& endpoint) {
  auto socket = linux::HeartbeatSocket::open(endpoint);
  int& told = open_errors_[endpoint.interface];
  const int cause = socket ? 0 : socket.error().errno_value;
  if (cause != 0 && cause != told) {
    log_.print(LogLevel::error, "second heartbeat path{}{}: {}",
               endpoint.interface.empty() ? "" : " on ", endpoint.interface,
               describe(socket.error()));
  }
  told = cause;
  if (!socket) return;
  auto port = std::make_unique<Port>(Port{std::move(*socket), nullptr, 0});
  Port* raw = port.get();
  port->watch = std::make_unique<ReadWatch>(loop_, port->socket.release(),
                                            [this, raw] { return read(*raw); });
  ports_[endpoint.interface] = std::move(port);
}

bool SecondPath::read(Port& port) {
  for (int i = 0; i < reports_per_turn; ++i) {
    const auto received = port.socket.receive();
    if (!received) return true;
    // Multicast comes from this link or not at all, unicast from those that the file names.
    const bool is_known = peers_.contains(received->source);
    const bool is_near = !port.socket.endpoint().interface.empty() && received->from_this_link;
    if (!is_known && !is_near) continue;
    const auto report = vrrp::parse_heartbeat(received->bytes);
    if (report && report->run != run_) on_report_(*report);
  }
  return false;
}

void SecondPath::drain() {
  for (auto& [interface, port] : ports_) read(*port);
}

void SecondPath::send(const config::GuardOptions& options, vrrp::PeerReport report) {
  report.run = run_;
  report.sequence = ++sequence_;
  const auto bytes = vrrp::encode_heartbeat(report);
  const auto transmit = [&](const std::string& interface, const net::IpAddress& to) {
    const auto port = ports_.find(interface);
    if (port == ports_.end()) return;
    const auto done = port->second->socket.send(bytes, to);
    // A peer that is down refuses by ICMP, which is no news.
    const int cause =
        done || done.error().errno_value == ECONNREFUSED ? 0 : done.error().errno_value;
    if (cause != 0 && cause != port->second->send_error) {
      log_.print(LogLevel::warning, "second heartbeat path{}{}: {}",
                 interface.empty() ? "" : " on ", interface, describe(done.error()));
    }
    port->second->send_error = cause;
  };
  for (const auto& interface : options.heartbeat_interfaces) transmit(interface, {});
  for (const auto& peer : options.heartbeat_peers) transmit("", peer);
}

}  // namespace baton::failover
