// Uses, demultiplexing (RFC 5880 section 6.3, RFC 5881 section 3) and timers of many sessions.

#include "bfd/session_table.h"

#include <algorithm>
#include <utility>

namespace baton::bfd {

namespace {

constexpr Duration farewell_longest = 3s;

// Both are about the same neighbor: unknown parts fit everything.
bool same_way(const Path& a, const Path& b) {
  if (a.remote != b.remote || a.multihop != b.multihop) return false;
  if (a.link != 0 && b.link != 0 && a.link != b.link) return false;
  return a.local.is_any() || b.local.is_any() || a.local == b.local;
}

bool fits(const Path& path, const Arrival& arrival) {
  Path seen;
  seen.link = arrival.link;
  seen.local = arrival.destination;
  seen.remote = arrival.source;
  seen.multihop = arrival.multihop;
  return same_way(path, seen);
}

}  // namespace

TableActions SessionTable::take() {
  return std::exchange(actions_, {});
}

const TableEntry* SessionTable::find(std::uint32_t discriminator) const {
  const auto found = std::ranges::find_if(entries_, [discriminator](const TableEntry& entry) {
    return entry.session.discriminator() == discriminator;
  });
  return found == entries_.end() ? nullptr : &*found;
}

const TableEntry* SessionTable::find_following(const Path& path) const {
  const auto found = std::ranges::find_if(entries_, [&path](const TableEntry& entry) {
    return entry.following && same_way(entry.path, path);
  });
  return found == entries_.end() ? nullptr : &*found;
}

TableEntry* SessionTable::find_living(const Path& path) {
  const auto found = std::ranges::find_if(entries_, [&path](const TableEntry& entry) {
    return entry.remove_at == never && same_way(entry.path, path);
  });
  return found == entries_.end() ? nullptr : &*found;
}

bool SessionTable::is_watched(int link) const {
  return std::ranges::any_of(entries_, [link](const TableEntry& entry) {
    return entry.answering && entry.session.state() == State::up &&
           (link == 0 || entry.path.link == link);
  });
}

Instant SessionTable::deadline() const {
  Instant earliest = never;
  for (const TableEntry& entry : entries_) {
    earliest = std::min({earliest, entry.session.deadline(), entry.answer_until, entry.remove_at});
  }
  return earliest;
}

// -- uses --

TableActions SessionTable::configure(const std::vector<ConfiguredSession>& wanted, Instant now) {
  for (TableEntry& entry : entries_) entry.configured.reset();
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& [path, settings] = wanted[i];
    TableEntry* entry = find_living(path);
    if (!entry && entries_.size() >= sessions_max) break;
    if (!entry) entry = &add(path, settings, now);
    entry->configured = i;
    entry->path.hop_limit = path.hop_limit;
    entry->path.hops_max = path.hops_max;
    retune(*entry, settings, now);
  }
  end_uses(now);
  return take();
}

TableActions SessionTable::watch(const std::vector<FollowWish>& wishes,
                                 std::vector<AnswerRule> rules, Instant now) {
  rules_ = std::move(rules);
  std::vector<std::uint32_t> followed;
  for (TableEntry& entry : entries_) {
    const bool was_following = std::exchange(entry.following, false);
    if (was_following) followed.push_back(entry.session.discriminator());
  }
  for (const FollowWish& wish : wishes) follow(wish, now);
  for (TableEntry& entry : entries_) {
    const bool was_followed =
        std::ranges::find(followed, entry.session.discriminator()) != followed.end();
    // The one that we followed may follow us now.
    if (was_followed && !entry.following && entry.remove_at == never) entry.answering = true;
    review_answer(entry, now);
  }
  end_uses(now);
  return take();
}

void SessionTable::follow(const FollowWish& wish, Instant now) {
  TableEntry* entry = find_living(wish.path);
  if (!entry && entries_.size() >= sessions_max) return;
  if (!entry) entry = &add(wish.path, wish.settings, now);
  entry->following = true;
  if (!entry->configured) retune(*entry, wish.settings, now);
}

void SessionTable::review_answer(TableEntry& entry, Instant now) {
  if (!entry.answering) return;
  const AnswerRule* rule = rule_for(entry.path.link, entry.path.local, entry.path.remote);
  if (!rule && entry.answer_until == never) entry.answer_until = now + answer_linger;
  if (rule) entry.answer_until = never;
  if (entry.following || entry.configured) return;
  SessionSettings settings = rule ? rule->settings : entry.session.settings();
  settings.passive = true;
  retune(entry, settings, now);
}

const AnswerRule* SessionTable::rule_for(int link, const net::IpAddress& local,
                                         const net::IpAddress& remote) const {
  for (const AnswerRule& rule : rules_) {
    if (rule.link != link || rule.local != local) continue;
    const auto& allowed = rule.neighbors;
    if (allowed.empty() || std::ranges::find(allowed, remote) != allowed.end()) return &rule;
  }
  return nullptr;
}

// Whoever is still saying goodbye on that path falls silent: the neighbor would take it for the end
// of the new session.
TableEntry& SessionTable::add(const Path& path, const SessionSettings& settings, Instant now) {
  std::erase_if(entries_, [&](const TableEntry& entry) {
    if (entry.remove_at == never || !same_way(entry.path, path)) return false;
    actions_.emplace_back(action::SessionRemoved{entry.session.discriminator()});
    return true;
  });
  std::uint32_t discriminator = 0;
  while (discriminator == 0 || find(discriminator)) {
    discriminator = static_cast<std::uint32_t>(random_.next());
  }
  TableEntry entry{path, Session(settings, discriminator, random_.next())};
  const auto is_taken = [this](std::uint16_t port) {
    return std::ranges::find(entries_, port, &TableEntry::source_port) != entries_.end();
  };
  do {
    entry.source_port = static_cast<std::uint16_t>(source_port_min + random_.below(16384));
  } while (is_taken(entry.source_port));
  entry.session.start(now);
  entries_.push_back(std::move(entry));
  return entries_.back();
}

void SessionTable::retune(TableEntry& entry, const SessionSettings& settings, Instant now) {
  if (entry.session.settings() == settings) return;
  tell(entry, event::Reconfigured{settings}, now);
}

// A neighbor that has lost interest, or died, tells a master nothing.
void SessionTable::end_uses(Instant now) {
  for (TableEntry& entry : entries_) {
    const bool silent = entry.session.deadline() == never && !entry.following && !entry.configured;
    if (entry.answer_until <= now || silent) {
      entry.answering = false;
      entry.answer_until = never;
    }
    if (!entry.is_used() && entry.remove_at == never) retire(entry, now);
    if (entry.remove_at <= now) {
      actions_.emplace_back(action::SessionRemoved{entry.session.discriminator()});
    }
  }
  std::erase_if(entries_, [now](const TableEntry& entry) { return entry.remove_at <= now; });
}

void SessionTable::retire(TableEntry& entry, Instant now) {
  const bool is_known = entry.session.remote_discriminator() != 0;
  const Duration farewell = is_known ? 2 * entry.session.remote_detection_time() : Duration(0s);
  tell(entry, event::Disable{}, now);
  entry.remove_at = now + std::min(farewell, farewell_longest);
}

// -- what happens --

TableActions SessionTable::on_packet(std::span<const std::uint8_t> bytes, const Arrival& arrival,
                                     Instant now) {
  const auto reject = [this](Reject cause) {
    ++rejected_[static_cast<std::size_t>(cause)];
    return take();
  };
  const auto packet = parse(bytes);
  if (!packet) return reject(packet.error());
  TableEntry* entry = find_receiver(*packet, arrival);
  if (entry && arrival.hop_limit + entry->path.hops_max < entry->path.hop_limit) {
    return reject(Reject::hop_limit);
  }
  if (!entry && !arrival.multihop && arrival.hop_limit != hop_limit) {
    return reject(Reject::hop_limit);
  }
  if (!entry) entry = answer_newcomer(*packet, arrival, now);
  if (!entry) {
    const bool full = entries_.size() >= sessions_max;
    return reject(full ? Reject::table_full : Reject::no_session);
  }
  // A master is watched as soon as the other side has begun, also over a session that it had
  // before for a use of its own.
  const AnswerRule* rule =
      entry->answering ? nullptr : rule_for(arrival.link, arrival.destination, arrival.source);
  if (rule && entry->remove_at == never) entry->answering = true;
  tell(*entry, event::PacketReceived{*packet, arrival.at}, now);
  return take();
}

TableEntry* SessionTable::find_receiver(const Packet& packet, const Arrival& arrival) {
  for (TableEntry& entry : entries_) {
    const bool meant = packet.your_discriminator != 0
                           ? entry.session.discriminator() == packet.your_discriminator
                           : entry.remove_at == never;
    if (meant && fits(entry.path, arrival)) return &entry;
  }
  return nullptr;
}

TableEntry* SessionTable::answer_newcomer(const Packet& packet, const Arrival& arrival,
                                          Instant now) {
  if (packet.your_discriminator != 0 || packet.state != State::down || arrival.multihop) {
    return nullptr;
  }
  const AnswerRule* rule = rule_for(arrival.link, arrival.destination, arrival.source);
  const auto answering = std::ranges::count_if(entries_, &TableEntry::answering);
  if (!rule || entries_.size() >= sessions_max ||
      answering >= static_cast<std::ptrdiff_t>(answering_max)) {
    return nullptr;
  }
  Path path;
  path.link = arrival.link;
  path.local = arrival.destination;
  path.remote = arrival.source;
  SessionSettings settings = rule->settings;
  settings.passive = true;
  TableEntry& entry = add(path, settings, now);
  entry.answering = true;
  return &entry;
}

TableActions SessionTable::on_timer(Instant now) {
  for (TableEntry& entry : entries_) {
    const Instant due = entry.session.deadline();
    if (due == never || entry.session.state() != State::up) continue;
    const Duration trusted = std::max<Duration>(entry.session.detection_time() / 3, 5ms);
    if (now - due > trusted) return slept(now);
  }
  bool sent = false;
  for (TableEntry& entry : entries_) {
    if (entry.session.deadline() > now) continue;
    tell(entry, event::TimerDue{}, now);
    sent = true;
  }
  if (sent) share_beat(now);
  end_uses(now);
  return take();
}

// What is overdue is sent now; silence is judged later.
TableActions SessionTable::slept(Instant now) {
  for (TableEntry& entry : entries_) {
    tell(entry, event::Slept{}, now);
    if (entry.session.deadline() <= now) tell(entry, event::TimerDue{}, now);
  }
  end_uses(now);
  return take();
}

void SessionTable::share_beat(Instant now) {
  for (TableEntry& entry : entries_) {
    if (entry.session.state() == State::up) tell(entry, event::Beat{}, now);
  }
}

TableActions SessionTable::close(Instant now) {
  rules_.clear();
  for (TableEntry& entry : entries_) {
    entry.configured.reset();
    entry.following = entry.answering = false;
  }
  end_uses(now);
  return take();
}

void SessionTable::tell(TableEntry& entry, const Event& event, Instant now) {
  const std::uint32_t discriminator = entry.session.discriminator();
  for (const auto& single : entry.session.handle(event, now)) {
    if (const auto* send = std::get_if<action::Send>(&single)) {
      actions_.emplace_back(action::SendTo{discriminator, build(send->packet)});
    } else if (const auto* changed = std::get_if<action::Changed>(&single)) {
      actions_.emplace_back(
          action::SessionChanged{discriminator, changed->from, changed->to, changed->cause});
    }
  }
}

}  // namespace baton::bfd
