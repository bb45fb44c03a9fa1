// The balancers but round robin (views.cc). Each one looks at the shared counters and takes the
// server that it finds; when another thread was quicker it looks again. None of them takes a lock.
// What they cannot decide falls to round robin, as in nginx: hashing after 20 tries, sampling after
// 20 misses.

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "base/assert.h"
#include "upstream/group.h"
#include "upstream/stall_guard.h"

namespace baton::upstream {

namespace {

using config::Balance;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uint32_t hash_tries_max = 20;
constexpr int sample_tries_max = 20;
constexpr std::size_t part_size = 64;  // of a large group, compared in one go
constexpr Duration half_life = 1s;     // of a mean that no request renews
constexpr Duration forgotten = 20ms;   // what is left of a mean below this is nothing

// How long ago the server was last picked.
Duration idle_time(const ipc::PeerSlot& slot, Instant now) {
  const std::int64_t picked_ns = slot.last_picked_ns.load(relaxed);
  return picked_ns == 0 ? Duration{} : now.time_since_epoch() - Duration(picked_ns);
}

// What a mean that nobody has renewed for `idle` still says: a server that was slow once is to be
// tried again, though another one is quick enough for all.
std::int64_t remembered(std::int64_t mean_ns, Duration idle) {
  const std::int64_t halvings = idle / half_life;
  if (halvings <= 0) return mean_ns;
  const std::int64_t left = halvings < 63 ? mean_ns >> halvings : 0;
  return left < forgotten.count() ? 0 : left;
}

}  // namespace

void Group::prepare_balancer() {
  const Balance balance = config_.balance;
  const bool compares = balance == Balance::least_conn || balance == Balance::least_time ||
                        balance == Balance::hash_consistent;
  if (compares) {
    standings_ = std::make_unique<Standing[]>(peers_.size());
    for (const Peer& peer : peers_) standings_[peer.index].effective.store(peer.weight, relaxed);
  }
  if (balance == Balance::ip_hash || balance == Balance::hash || balance == Balance::random) {
    std::vector<std::uint32_t> weights;
    for (const std::uint32_t peer : members_[0]) weights.push_back(peers_[peer].weight);
    index_ = WeightedIndex(weights);
  }
  // Two batons side by side must not throw the same dice.
  if (balance == Balance::random) dice_ = std::uint64_t{std::random_device{}()} << 32;
}

const Peer* Group::choose(CachedView& cached, Search& search, Instant now, Taken& taken) {
  if (search.bound != no_peer) {
    const Peer& bound = peers_[search.bound];
    if (!bound.down && !search.tried.contains(bound.index)) {
      taken = take(bound, search, now);
      if (taken != Taken::no) return &bound;
    }
  }
  const Peer* peer = nullptr;
  if (!single_) {
    switch (config_.balance) {
      case Balance::round_robin:
        break;
      case Balance::least_conn:
      case Balance::least_time:
        for (int tier = 0; tier < tiers && !peer; ++tier) {
          peer = least_loaded(tier, search, now, taken);
        }
        return peer ? peer : stalled_one(search, now, taken);
      case Balance::ip_hash:
        peer = by_address(search, now, taken);
        break;
      case Balance::hash:
        peer = by_key(search, now, taken);
        break;
      case Balance::hash_consistent:
        peer = by_ring(search, now, taken);
        break;
      case Balance::random:
        peer = at_random(search, now, taken);
        break;
    }
  }
  for (int tier = 0; tier < tiers && !peer; ++tier) {
    peer = in_turn(cached, tier, search, now, taken);
  }
  return peer || single_ ? peer : stalled_one(search, now, taken);
}

// The last resort: a server that may be stalled is better than none.
const Peer* Group::stalled_one(Search& search, Instant now, Taken& taken) {
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    const Peer& peer = peers_[i];
    ipc::PeerSlot& slot = *peer.shared;
    if (!is_stalled(slot) || !peer.in_service() || search.tried.contains(peer.index)) continue;
    if (!is_available(slot, peer.health)) continue;
    if (!acquire_connection(slot, lane_, peer.connections_max)) continue;
    note_pick(slot, peer.health, now);
    taken = Taken::yes;
    return &peer;
  }
  return nullptr;
}

// What a server has to bear; compared in relation to its weight.
double Group::load_of(const Peer& peer, Instant now, Balance balance) const {
  const ipc::PeerSlot& slot = *peer.shared;
  const int active = std::max(0, slot.active_total());
  if (balance == Balance::least_conn) return active;
  const bool header = config_.least_time == config::LeastTime::header;
  std::int64_t mean_ns = (header ? slot.mean_header_ns : slot.mean_response_ns).load(relaxed);
  const Duration idle = idle_time(slot, now);
  mean_ns = remembered(mean_ns, idle - peer.health.fail_timeout);
  if (config_.least_time_inflight && slot.waiting.load(relaxed) > 0) {
    const std::int64_t silent_ns =
        now.time_since_epoch().count() - slot.silent_since_ns.load(relaxed);
    mean_ns = std::max(mean_ns, silent_ns);
  }
  // Responses that have begun but not ended are at least as old as the last pick.
  if (config_.least_time_inflight && !header && active > 0) {
    mean_ns = std::max<std::int64_t>(mean_ns, idle.count());
  }
  // Whole milliseconds: differences below say nothing and would send everything to one server.
  return (std::floor(static_cast<double>(mean_ns) / 1e6) + 1) * (active + 1);
}

// The one whose turn it is among equally loaded servers: a step of smooth weighted round robin in
// which only they take part.
std::uint32_t Group::turn_among(std::span<const std::uint32_t> equals) {
  if (equals.size() == 1) return equals[0];
  std::uint32_t best = equals[0];
  std::int64_t best_current = INT64_MIN;
  std::int64_t total = 0;
  for (const std::uint32_t peer : equals) {
    Standing& standing = standings_[peer];
    const std::int64_t effective = standing.effective.load(relaxed);
    const std::int64_t current = standing.current.fetch_add(effective, relaxed) + effective;
    total += effective;
    if (effective < peers_[peer].weight) standing.effective.fetch_add(1, relaxed);
    if (current > best_current) {
      best = peer;
      best_current = current;
    }
  }
  standings_[best].current.fetch_sub(total, relaxed);
  return best;
}

const Peer* Group::least_loaded(int tier, Search& search, Instant now, Taken& taken) {
  const std::vector<std::uint32_t>& members = members_[tier];
  if (members.empty()) return nullptr;
  const bool all = members.size() <= compared_peers_max;
  Tried refused;
  std::array<std::uint32_t, compared_peers_max> equals;
  const std::size_t first = all ? 0 : compared_from_.load(relaxed) % members.size();
  // A large group is compared a part at a time, until a part has somebody who can serve.
  for (std::size_t seen = 0; seen < members.size();) {
    std::size_t count = 0;
    double least = 0;
    double least_weight = 1;
    const std::size_t part_end = all ? members.size() : std::min(members.size(), seen + part_size);
    for (std::size_t i = seen; i < part_end; ++i) {
      const Peer& peer = peers_[members[(first + i) % members.size()]];
      if (!admits(peer, search, now) || refused.contains(peer.index)) continue;
      const double load = load_of(peer, now, config_.balance) * least_weight;
      const double other = least * peer.weight;
      if (count == 0 || load < other) {
        least = load / least_weight;
        least_weight = peer.weight;
        count = 0;
      } else if (load > other) {
        continue;
      }
      equals[count++] = peer.index;
    }
    if (count == 0) {
      seen = part_end;
      continue;
    }
    const Peer& peer = peers_[turn_among(std::span(equals).first(count))];
    taken = take(peer, search, now);
    if (taken == Taken::no) {
      refused.add(peer.index);  // and the part is looked at again
      continue;
    }
    if (!all) compared_from_.store(first + seen + 1, relaxed);
    return &peer;
  }
  return nullptr;
}

const Peer* Group::by_address(Search& search, Instant now, Taken& taken) {
  static constexpr std::array<std::uint8_t, 3> no_address{};
  const auto bytes =
      search.client.empty() ? std::span<const std::uint8_t>(no_address) : search.client;
  if (search.rehashes == 0) search.hash = ip_hash_start;
  while (search.hash_tries <= hash_tries_max && index_.total() > 0) {
    ++search.rehashes;
    search.hash = next_ip_hash(search.hash, bytes);
    const Peer& peer = peers_[members_[0][index_.at(search.hash % index_.total())]];
    if (admits(peer, search, now)) {
      taken = take(peer, search, now);
      if (taken != Taken::no) return &peer;
    }
    ++search.hash_tries;
  }
  return nullptr;
}

const Peer* Group::by_key(Search& search, Instant now, Taken& taken) {
  if (search.key.empty()) return nullptr;
  while (search.hash_tries <= hash_tries_max && index_.total() > 0) {
    search.hash += key_hash(search.key, search.rehashes++);
    const Peer& peer = peers_[members_[0][index_.at(search.hash % index_.total())]];
    if (admits(peer, search, now)) {
      taken = take(peer, search, now);
      if (taken != Taken::no) return &peer;
    }
    ++search.hash_tries;
  }
  return nullptr;
}

// Made when the first request asks for it: 160 points a server are worth nothing to others.
void Group::make_ring() {
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::vector<HashRing::Named> servers;
  for (const std::uint32_t peer : members_[0]) {
    const std::string_view name = config_.servers[peer].written;
    const auto [found, added] =
        numbers.try_emplace(name, static_cast<std::uint32_t>(ring_names_.size()));
    if (added) ring_names_.emplace_back();
    ring_names_[found->second].push_back(peer);
    servers.push_back({name, peers_[peer].weight, found->second});
  }
  ring_ = HashRing(servers);
}

const Peer* Group::by_ring(Search& search, Instant now, Taken& taken) {
  if (search.key.empty()) return nullptr;
  std::call_once(ring_made_, [this] { make_ring(); });
  if (ring_.size() == 0) return nullptr;
  if (search.rehashes++ == 0) search.hash = static_cast<std::uint32_t>(ring_.find(search.key));
  while (search.hash_tries <= hash_tries_max) {
    std::array<std::uint32_t, compared_peers_max> equals;
    std::size_t count = 0;
    for (const std::uint32_t peer : ring_names_[ring_.at(search.hash)]) {
      if (count < equals.size() && admits(peers_[peer], search, now)) equals[count++] = peer;
    }
    if (count > 0) {
      const Peer& peer = peers_[turn_among(std::span(equals).first(count))];
      taken = take(peer, search, now);
      if (taken != Taken::no) return &peer;
    }
    ++search.hash;
    ++search.hash_tries;
  }
  return nullptr;
}

const Peer* Group::at_random(Search& search, Instant now, Taken& taken) {
  Random random(dice_.fetch_add(1, relaxed));
  const Peer* previous = nullptr;
  for (int i = 0; i < sample_tries_max && index_.total() > 0; ++i) {
    const std::uint64_t number = random.below(index_.total());
    const Peer* peer = &peers_[members_[0][index_.at(number)]];
    if (peer == previous || !admits(*peer, search, now)) continue;
    if (config_.random_two) {
      if (!previous) {
        previous = peer;
        continue;
      }
      const Balance method = config_.random_method;
      if (load_of(*peer, now, method) * previous->weight >
          load_of(*previous, now, method) * peer->weight) {
        peer = previous;
      }
    }
    taken = take(*peer, search, now);
    if (taken != Taken::no) return peer;
  }
  return nullptr;
}

}  // namespace baton::upstream
