// Opening, sending, reading.

#include "failover/second_path.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "tls/key.h"

namespace baton::failover {

namespace {

constexpr std::array both_families{net::Family::ipv4, net::Family::ipv6};

bool has_family(const std::set<net::IpAddress>& peers, net::Family family) {
  return std::ranges::any_of(peers, [&](const auto& peer) { return peer.family() == family; });
}

std::string place_of(const std::string& interface) {
  return interface.empty() ? "" : " on " + interface;
}

}  // namespace

SecondPath::SecondPath(
    runtime::Loop& loop, const LinkTable& links, Log& log,
    std::function<void(const vrrp::PeerReport&, const net::IpAddress&)> on_report,
    DropHandler on_drop)
    : loop_(loop),
      links_(links),
      log_(log),
      on_report_(std::move(on_report)),
      on_drop_(std::move(on_drop)),
      seal_(linux::draw_run_number()) {}

void SecondPath::configure(const config::Failover& config, const std::string& pair_key) {
  const std::string before = ways();
  interfaces_.clear();
  peers_.clear();
  virtual_addresses_.clear();
  Duration longest_interval{};
  for (const auto& instance : config.instances) {
    const auto& guard = instance.guard;
    interfaces_.insert(guard.heartbeat_interfaces.begin(), guard.heartbeat_interfaces.end());
    peers_.insert(guard.heartbeat_peers.begin(), guard.heartbeat_peers.end());
    longest_interval = std::max(
        longest_interval, guard.heartbeat_interval.value_or(config::heartbeat_default_interval));
    for (const auto& address : instance.addresses) {
      virtual_addresses_.push_back(address.prefix.address);
    }
    for (const auto& address : instance.excluded_addresses) {
      virtual_addresses_.push_back(address.prefix.address);
    }
  }
  std::ranges::sort(virtual_addresses_);
  const auto key = tls::Key::parse(pair_key);
  seal_.configure(key ? std::optional(vrrp::derive_heartbeat_key(key->bytes)) : std::nullopt,
                  longest_interval);
  deaf_.clear();
  longest_interval_ = longest_interval;
  if (ways() != before) {
    heard_at_ = loop_.now();
    is_silent_ = false;
  }
  if (std::exchange(port_number_, config.heartbeat_port) != config.heartbeat_port) ports_.clear();
  std::erase_if(ports_, [this](const auto& entry) {
    const auto& [interface, family] = entry.first;
    return interface.empty() ? !has_family(peers_, family) : !interfaces_.contains(interface);
  });
  review_links();
}

void SecondPath::review_links() {
  for (const net::Family family : both_families) {
    const bool wanted = has_family(peers_, family);
    if (wanted && !ports_.contains({"", family})) open({"", 0, port_number_, family});
    for (const auto& interface : interfaces_) {
      const linux::Link* link = links_.find(interface);
      const auto known = ports_.find({interface, family});
      const bool fits =
          link && known != ports_.end() && known->second->socket.endpoint().link == link->index;
      if (fits) continue;
      if (known != ports_.end()) ports_.erase(known);
      if (link) open({interface, link->index, port_number_, family});
    }
  }
}

void SecondPath::open(const linux::HeartbeatEndpoint& endpoint) {
  const PortKey way{endpoint.interface, endpoint.family};
  auto socket = linux::HeartbeatSocket::open(endpoint);
  int& told = open_errors_[way];
  const int cause = socket ? 0 : socket.error().errno_value;
  // A machine without IPv6 is none of our business where IPv4 does the work.
  const bool matters =
      endpoint.interface.empty() || sending_family(endpoint.interface) == endpoint.family;
  if (cause != 0 && cause != told && matters) {
    log_.print(LogLevel::error, "second heartbeat path{}: {}", place_of(endpoint.interface),
               describe(socket.error()));
  }
  told = matters ? cause : 0;
  if (!socket) return;
  auto port = std::make_unique<Port>(Port{std::move(*socket), nullptr, 0});
  Port* raw = port.get();
  port->watch = std::make_unique<ReadWatch>(loop_, port->socket.release(),
                                            [this, raw] { return read(*raw); });
  ports_[way] = std::move(port);
}

bool SecondPath::read(Port& port) {
  for (int i = 0; i < reports_per_turn; ++i) {
    const auto received = port.socket.receive();
    if (!received) return true;
    // Multicast comes from this link or not at all, unicast from those that the file names.
    const bool is_known = peers_.contains(received->source);
    const bool is_near = !port.socket.endpoint().interface.empty() && received->from_this_link;
    if (is_known || is_near) take(port, *received);
  }
  return false;
}

void SecondPath::take(const Port& port, const linux::ReceivedHeartbeat& received) {
  const net::IpAddress source = received.source;
  const std::string way = port.socket.endpoint().interface + " " + source.text();
  const auto verdict = seal_.open(received.bytes, way, loop_.now());
  if (verdict.drop) ++drops_[static_cast<std::size_t>(*verdict.drop)];
  if (verdict.report) {
    deaf_.erase(source);
    heard_at_ = loop_.now();
    if (std::exchange(is_silent_, false)) {
      log_.print(LogLevel::info, "second heartbeat path: {} is heard", source.text());
    }
    on_report_(*verdict.report, source);
  } else if (verdict.drop == vrrp::HeartbeatDrop::stale ||
             verdict.drop == vrrp::HeartbeatDrop::stranger) {
    note_deaf(source);
  } else if (verdict.drop && verdict.disputed) {
    on_drop_(*verdict.disputed, source, *verdict.drop);
  }
}

// One exchange after the start of a node its reports answer ours.
void SecondPath::note_deaf(const net::IpAddress& source) {
  if (deaf_.size() >= deaf_max && !deaf_.contains(source)) return;
  Deafness& deafness = deaf_.try_emplace(source, Deafness{loop_.now(), false}).first->second;
  if (deafness.told || loop_.now() - deafness.since < deaf_patience) return;
  deafness.told = true;
  log_.print(LogLevel::warning,
             "second heartbeat path: reports of {} do not answer ours and are not believed: it "
             "does not hear us, or somebody repeats old ones",
             source.text());
}

void SecondPath::look() {
  if (!is_used() || is_silent_) return;
  if (loop_.now() - heard_at_ < silence_patience + longest_interval_ * 4) return;
  is_silent_ = true;
  log_.print(LogLevel::warning,
             "second heartbeat path: nothing is heard on {}: the other node is off, or the path "
             "guards nothing",
             ways());
}

std::string SecondPath::ways() const {
  std::string text = fmt::format("{}", fmt::join(interfaces_, ", "));
  for (const auto& peer : peers_) text += (text.empty() ? "" : ", ") + peer.text();
  return text;
}

void SecondPath::drain() {
  for (auto& [interface, port] : ports_) read(*port);
}

net::Family SecondPath::sending_family(const std::string& interface) const {
  const auto has = [&](net::Family family) {
    return links_.own_address(interface, family, virtual_addresses_).has_value();
  };
  return has(net::Family::ipv4) || !has(net::Family::ipv6) ? net::Family::ipv4 : net::Family::ipv6;
}

void SecondPath::send(const config::GuardOptions& options, vrrp::PeerReport report) {
  const auto bytes = seal_.seal(std::move(report), loop_.now());
  for (const auto& interface : options.heartbeat_interfaces) {
    transmit({interface, sending_family(interface)}, bytes, {});
  }
  for (const auto& peer : options.heartbeat_peers) transmit({"", peer.family()}, bytes, peer);
}

void SecondPath::transmit(const PortKey& way, std::span<const std::uint8_t> bytes,
                          const net::IpAddress& to) {
  const auto port = ports_.find(way);
  if (port == ports_.end()) return;
  const auto done = port->second->socket.send(bytes, to);
  // A peer that is down refuses by ICMP, which is no news.
  const int cause = done || done.error().errno_value == ECONNREFUSED ? 0 : done.error().errno_value;
  if (cause != 0 && cause != port->second->send_error) {
    log_.print(LogLevel::warning, "second heartbeat path{}: {}", place_of(way.first),
               describe(done.error()));
  }
  port->second->send_error = cause;
}

}  // namespace baton::failover
