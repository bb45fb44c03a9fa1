// Packets in and out.

#include "failover/bfd_sessions.h"

#include <algorithm>

namespace baton::failover {

BfdSessions::BfdSessions(runtime::Loop& loop, Log& log, Owner& owner, std::uint64_t seed)
    : loop_(loop), log_(log), owner_(owner), table_(seed), timer_(loop, [this] { on_timer(); }) {}

void BfdSessions::configure(const std::vector<bfd::ConfiguredSession>& wanted) {
  apply(table_.configure(wanted, loop_.refresh_now()));
  review_receivers();
}

void BfdSessions::watch(const std::vector<bfd::FollowWish>& wishes,
                        std::vector<bfd::AnswerRule> rules) {
  answered_.clear();
  for (const auto& rule : rules) answered_.push_back(rule.local.family());
  apply(table_.watch(wishes, std::move(rules), loop_.refresh_now()));
  review_receivers();
}

void BfdSessions::slept() {
  apply(table_.slept(loop_.refresh_now()));
}

void BfdSessions::close() {
  answered_.clear();
  apply(table_.close(loop_.refresh_now()));
  timer_.cancel();
}

// Nobody is believed silent while a packet waits to be read.
void BfdSessions::on_timer() {
  for (const auto& [port, receiver] : receivers_) drain(port);
  apply(table_.on_timer(loop_.refresh_now()));
}

bool BfdSessions::drain(const Port& port) {
  const auto found = receivers_.find(port);
  if (found == receivers_.end()) return true;
  for (int i = 0; i < packets_per_turn; ++i) {
    const auto datagram = found->second->socket.receive();
    if (!datagram) return true;
    const Instant now = loop_.refresh_now();
    bfd::Arrival arrival;
    arrival.source = datagram->source;
    arrival.destination = datagram->destination;
    arrival.link = datagram->link;
    arrival.multihop = port.multihop;
    arrival.hop_limit = datagram->hop_limit;
    arrival.at = now - datagram->age;
    apply(table_.on_packet(datagram->bytes, arrival, now));
  }
  return false;
}

void BfdSessions::apply(const bfd::TableActions& actions) {
  for (const auto& single : actions) {
    if (const auto* packet = std::get_if<bfd::action::SendTo>(&single)) {
      send(*packet);
    } else if (const auto* change = std::get_if<bfd::action::SessionChanged>(&single)) {
      if (const auto* entry = table_.find(change->discriminator)) {
        owner_.on_session(*entry, *change);
      }
    } else if (const auto* removed = std::get_if<bfd::action::SessionRemoved>(&single)) {
      senders_.erase(removed->discriminator);
      last_error_.erase(removed->discriminator);
    }
  }
  timer_.arm(table_.deadline());
}

void BfdSessions::send(const bfd::action::SendTo& packet) {
  auto sender = senders_.find(packet.discriminator);
  const auto* entry = table_.find(packet.discriminator);
  Status done;
  if (sender == senders_.end() && entry) {
    const bfd::Path& path = entry->path;
    auto opened = linux::BfdSender::open({path.link, path.local, path.remote,
                                          path.multihop ? bfd::multihop_port : bfd::single_hop_port,
                                          entry->source_port, path.hop_limit});
    if (opened) {
      sender = senders_.emplace(packet.discriminator, std::move(*opened)).first;
    } else {
      done = std::unexpected(opened.error());
    }
  }
  if (sender != senders_.end()) done = sender->second.send(packet.bytes);
  if (!entry) return;
  // Tried again with the next packet: each new cause is told once.
  int& told = last_error_[packet.discriminator];
  const int cause = done ? 0 : done.error().errno_value;
  if (cause != 0 && cause != told) {
    log_.print(LogLevel::info, "BFD to {}: {}", entry->path.remote.text(), describe(done.error()));
  }
  // A bound address may be gone and a link may be another one: begin anew.
  if (!done && sender != senders_.end() && cause != EAGAIN && cause != ECONNREFUSED) {
    senders_.erase(sender);
  }
  told = cause;
}

void BfdSessions::review_receivers() {
  std::set<Port> needed;
  for (const auto family : answered_) needed.insert({family, false});
  for (const auto& entry : table_.entries()) {
    needed.insert({entry.path.remote.family(), entry.path.multihop});
  }
  std::erase_if(receivers_, [&](const auto& entry) { return !needed.contains(entry.first); });
  for (const Port& port : needed) {
    if (receivers_.contains(port)) continue;
    const std::uint16_t number = port.multihop ? bfd::multihop_port : bfd::single_hop_port;
    auto opened = linux::BfdReceiver::open(port.family, number);
    if (!opened) {
      if (!refused_.insert(port).second) continue;
      log_.print(LogLevel::warning,
                 "BFD on UDP port {}: {}: without it a dead master is noticed by VRRP alone",
                 number, describe(opened.error()));
      continue;
    }
    refused_.erase(port);
    receivers_[port] =
        std::make_unique<Receiver>(loop_, std::move(*opened), [this, port] { return drain(port); });
  }
}

}  // namespace baton::failover
