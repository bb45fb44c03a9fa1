// Messages in order, silence, and connections made anew.

#include "simulation/pair_net.h"

#include <algorithm>

#include "simulation/node.h"

namespace baton::simulation {

bool PairNet::is_awake(std::size_t host) const {
  return around_.hosts[host].running() && around_.hosts[host].awake();
}

bool PairNet::passes(std::size_t from, std::size_t to) const {
  return around_.network.reaches(Network::pair_link, from, to);
}

void PairNet::plan(Part part, std::size_t host, std::size_t other, Duration in,
                   std::uint32_t number) {
  Item item;
  item.kind = Item::Kind::pair;
  item.at = around_.now + in;
  item.host = static_cast<std::uint8_t>(host);
  item.router = static_cast<std::uint8_t>(other);
  item.part = part;
  item.number = number;
  around_.agenda.add(item);
}

void PairNet::send(std::size_t from, std::size_t to, failover::PairMessage type,
                   const std::string& body) {
  if (!links_[from][to].up) return;
  if (around_.mutant && !around_.mutant->sends(type, around_.now)) return;
  ++around_.tally.pair_messages;
  End& end = links_[to][from];
  messages_[++last_message_] = {connection(from, to), type, body};
  if (!passes(from, to) || !end.stalled.empty()) {
    end.stalled.push_back(last_message_);
    return;
  }
  const auto delay = std::chrono::microseconds(100 + random_.below(2000));
  end.last = std::max(end.last, around_.now + delay);
  plan(message, to, from, end.last - around_.now, last_message_);
}

void PairNet::review() {
  for (std::size_t host = 0; host < around_.hosts.size(); ++host) {
    for (std::size_t other = 0; other < around_.hosts.size(); ++other) {
      if (host != other) review(host, other);
    }
  }
}

// What `host` has of `other`.
void PairNet::review(std::size_t host, std::size_t other) {
  End& end = links_[host][other];
  const bool silent = !is_awake(other) || !passes(other, host);
  const bool counts = end.up && silent && is_awake(host);
  if (counts != end.counts_silence) {
    end.counts_silence = counts;
    ++end.silences;
    if (counts) plan(silence, host, other, silence_max, end.silences);
  }
  if (end.up && !links_[other][host].up && passes(other, host)) {
    plan(closed, host, other, 1ms, connection(host, other));
  }
  if (is_awake(host) && passes(other, host)) {
    for (const std::uint32_t number : std::exchange(end.stalled, {})) {
      end.last = std::max(end.last, around_.now + 1ms);
      plan(message, host, other, end.last - around_.now, number);
    }
  }
  const bool meets = is_awake(host) && is_awake(other) && passes(host, other) &&
                     passes(other, host) && !(end.up && links_[other][host].up);
  bool& dialling = dialling_[std::min(host, other)][std::max(host, other)];
  if (!meets || dialling) return;
  dialling = true;
  plan(connect, host, other,
       redial_first + std::chrono::milliseconds(random_.below(redial_spread_ms)), 0);
}

void PairNet::due(const Item& item) {
  const std::size_t host = item.host;
  const std::size_t other = item.router;
  const End& end = links_[host][other];
  switch (item.part) {
    case message:
      deliver(host, other, item.number);
      return;
    case silence:
      if (end.up && end.silences == item.number) this->end(host, other);
      return;
    case closed:
      if (!end.up || connection(host, other) != item.number) return;
      // A sleeper reads of it later.
      if (!is_awake(host)) return plan(closed, host, other, 100ms, item.number);
      this->end(host, other);
      return;
    case connect:
      join(host, other);
      return;
  }
}

void PairNet::deliver(std::size_t host, std::size_t other, std::uint32_t number) {
  End& end = links_[host][other];
  const auto found = messages_.find(number);
  if (found == messages_.end()) return;
  if (!end.up || found->second.connection != connection(host, other)) {
    messages_.erase(found);
    return;
  }
  if (!is_awake(host) || !end.stalled.empty()) {
    end.stalled.push_back(number);
    return;
  }
  const Message one = std::move(found->second);
  messages_.erase(found);
  around_.hosts[host].hear_pair(other, one.type, one.body);
}

void PairNet::end(std::size_t host, std::size_t other) {
  End& end = links_[host][other];
  end.up = false;
  end.stalled.clear();
  around_.hosts[host].pair_changed(other);
  review(host, other);
  review(other, host);
}

// Who still believed in the one before is told of its end first.
void PairNet::join(std::size_t a, std::size_t b) {
  dialling_[std::min(a, b)][std::max(a, b)] = false;
  if (!is_awake(a) || !is_awake(b) || !passes(a, b) || !passes(b, a)) return review(a, b);
  if (links_[a][b].up && links_[b][a].up) return;
  ++connection(a, b);
  ++around_.tally.pair_connections;
  for (const auto [host, other] : {std::pair(a, b), std::pair(b, a)}) {
    End& end = links_[host][other];
    end.stalled.clear();
    if (!std::exchange(end.up, false)) continue;
    around_.hosts[host].pair_changed(other);
  }
  links_[a][b].up = links_[b][a].up = true;
  for (const auto [host, other] : {std::pair(a, b), std::pair(b, a)}) {
    around_.hosts[host].pair_changed(other);
    review(host, other);
  }
}

void PairNet::reset(std::size_t host) {
  for (std::size_t other = 0; other < around_.hosts.size(); ++other) {
    if (other == host) continue;
    plan(closed, host, other, 1ms, connection(host, other));
    plan(closed, other, host, 1ms, connection(host, other));
  }
}

void PairNet::forget(std::size_t host) {
  for (std::size_t other = 0; other < around_.hosts.size(); ++other) {
    links_[host][other].up = false;
    links_[host][other].stalled.clear();
  }
}

}  // namespace baton::simulation
