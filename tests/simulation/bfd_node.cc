// Packets of BFD, and what they are for.

#include "simulation/bfd_node.h"

#include <fmt/format.h>

#include "simulation/node.h"

namespace baton::simulation {

namespace {

constexpr std::size_t waiting_max = 64;

// The number of a link, as the kernel would have it.
int index_of(std::size_t link) {
  return static_cast<int>(link) + 1;
}

}  // namespace

BfdNode::BfdNode(Surroundings& around, Host& host, std::uint64_t seed)
    : around_(around), host_(host), table_(seed) {
  watch_.use(host.faces());
}

Instant BfdNode::now() const {
  return host_.clock().local(around_.now);
}

Instant BfdNode::deadline() const {
  return review_wanted_ ? now() : table_.deadline();
}

void BfdNode::note(const VirtualRouter& router) {
  if (!closed_ && watch_.is_news(*host_.faces()[router.index])) review_wanted_ = true;
}

void BfdNode::timer() {
  if (review_wanted_) return review();
  if (!around_.mutant || around_.mutant->watches_time()) {
    apply(table_.on_timer(now()));
  } else {
    apply(table_.slept(now()));
  }
}

void BfdNode::review() {
  review_wanted_ = false;
  auto wanted = watch_.review([this](const failover::RouterFace& face) {
    const auto link = static_cast<const Face&>(face).router().link;
    return failover::MasterWatch::Place{index_of(link), around_.plan.watch};
  });
  apply(table_.watch(wanted.wishes, std::move(wanted.rules), now()));
  watch_.tell_watched(table_);
}

void BfdNode::hear(std::size_t from, const std::vector<std::uint8_t>& bytes) {
  if (host_.frozen()) return;
  if (host_.paused()) {
    if (waiting_.size() < waiting_max) waiting_.push_back({from, &bytes, now()});
    return;
  }
  read(from, bytes, now());
}

void BfdNode::read(std::size_t from, const std::vector<std::uint8_t>& bytes, Instant arrived) {
  for (std::size_t link = 0; link < around_.plan.links; ++link) {
    bfd::Arrival arrival;
    arrival.source = around_.plan.address_of(from, link);
    arrival.destination = around_.plan.address_of(host_.index(), link);
    arrival.link = index_of(link);
    arrival.hop_limit = bfd::hop_limit;
    arrival.at = arrived;
    // The last byte of what is under way says on which link.
    if (bytes.back() != link) continue;
    ++around_.tally.bfd_heard;
    apply(table_.on_packet({bytes.data(), bytes.size() - 1}, arrival, now()));
  }
}

void BfdNode::resume(bool has_slept) {
  if (has_slept) slept();
  while (!waiting_.empty()) {
    const Waiting one = waiting_.front();
    waiting_.pop_front();
    read(one.from, *one.bytes, one.at);
  }
}

void BfdNode::slept() {
  apply(table_.slept(now()));
}

void BfdNode::close() {
  closed_ = true;
  review_wanted_ = false;
  apply(table_.close(now()));
}

bool BfdNode::follows(const net::IpAddress& local, const net::IpAddress& master) const {
  for (const auto& entry : table_.entries()) {
    if (entry.following && entry.path.local == local && entry.path.remote == master) {
      return entry.session.state() == bfd::State::up;
    }
  }
  return false;
}

void BfdNode::apply(const bfd::TableActions& actions) {
  for (const auto& single : actions) {
    if (const auto* packet = std::get_if<bfd::action::SendTo>(&single)) {
      send(*packet);
    } else if (const auto* change = std::get_if<bfd::action::SessionChanged>(&single)) {
      const auto* entry = table_.find(change->discriminator);
      if (!entry) continue;
      if (around_.chronicle) {
        around_.tell(fmt::format("host {}  BFD session with {} is {} ({})", host_.index(),
                                 entry->path.remote.text(), bfd::name_of(change->to),
                                 bfd::describe(change->cause)));
      }
      around_.tally.sessions_up += change->to == bfd::State::up ? 1 : 0;
      const bool lost =
          change->from == bfd::State::up && change->cause == bfd::Cause::detection_time;
      if (lost && entry->following) around_.watcher->session_lost(host_, *entry);
      watch_.on_session(table_, *entry, *change);
    }
  }
}

// A farewell is still sent for a session that is gone from the table's view of who needs it.
void BfdNode::send(const bfd::action::SendTo& packet) {
  const auto* entry = table_.find(packet.discriminator);
  if (!entry) return;
  const auto link = static_cast<std::size_t>(entry->path.link - 1);
  for (std::size_t to = 0; to < around_.plan.hosts; ++to) {
    if (entry->path.remote != around_.plan.address_of(to, link)) continue;
    if (around_.mutant && !around_.mutant->sends_bfd()) return;
    std::vector<std::uint8_t> bytes = packet.bytes;
    bytes.push_back(static_cast<std::uint8_t>(link));
    Item item;
    item.kind = Item::Kind::bfd;
    item.host = static_cast<std::uint8_t>(to);
    item.router = static_cast<std::uint8_t>(host_.index());
    // There are few different ones: each is kept once.
    item.bytes = &*around_.bfd_packets.insert(std::move(bytes)).first;
    ++around_.tally.bfd_sent;
    if (around_.bfd_cuts[host_.index()][to] > 0) return;
    around_.network.carry(item, link, host_.index(), to, around_.now);
    return;
  }
}

}  // namespace baton::simulation
