// What is under way when an address moves without a link.
//
// Who stops, passes or is preempted keeps its address for `vrrp::handover_linger` after the
// successor's first advert, so that requests that it has begun end well. But the clients learn the
// new place in the middle of that, and what they send from then on (the request behind a handshake,
// the acknowledgement of a response) comes here, where nobody knows of the connection and the
// kernel would reset it. So the rules of a handover are made ready when the move is foreseen: until
// the old owner has let go, a packet of a connection that did not begin here is sent on to it.
//
// Nothing is agreed with the old owner; that fast detection has a session with it says that it is a
// baton. Any other VRRP router lets go at once, and as one that forwards it would send everything
// back here.

#include <algorithm>

#include "failover/handovers.h"

namespace baton::failover {

namespace {

// The old owner counts its linger from our advert, the first clients that learn count from ours.
constexpr Duration stragglers_last = 2 * vrrp::handover_linger;
// A takeover that is foreseen comes within a few adverts, or is foreseen again.
constexpr Duration foresight = 5s;

}  // namespace

void Handovers::expect_stragglers(const RouterFace& router) {
  const vrrp::Instance& instance = router.instance();
  const auto giver = instance.outgoing_master();
  if (!giver && stragglers_.empty()) return;
  const auto known =
      std::ranges::find(stragglers_, instance.settings().name, &Stragglers::instance);
  if (known == stragglers_.end()) {
    if (giver) expect_stragglers(router, *giver);
    return;
  }
  if (known->has_moved) return;
  if (instance.state() == vrrp::State::master) {
    known->has_moved = true;
    known->end = world_.now() + stragglers_last;
    arm();
  } else if (giver != known->giver) {
    known->end = world_.now();
    arm();
  }
}

// Not beside a handover, which does this itself and knows what lives here from earlier ones.
void Handovers::expect_stragglers(const RouterFace& router, const net::IpAddress& giver) {
  const auto peers = world_.peers();
  if (stragglers_refused_ || world_.is_stopping() || !given_.empty() || !taken_.empty() ||
      std::ranges::any_of(peers, &HandoverPeer::is_up)) {
    return;
  }
  std::size_t count = router.held().size();
  for (const auto& other : stragglers_) count += other.caught.size();
  if (count > stragglers_max) return;
  Stragglers added{.instance = router.instance().settings().name,
                   .giver = giver,
                   .end = world_.now() + foresight};
  for (const HeldAddress& held : router.held()) {
    if (held.prefix.address.family() != giver.family()) continue;
    added.caught.push_back(
        {held.prefix.address, router.link_of(held.device), giver, /*set=*/0, /*catching=*/true});
  }
  stragglers_.push_back(std::move(added));
  arm();
  // In a moment: more instances may lose the same master, and the rules are written once for all.
  if (std::exchange(stragglers_awaited_, true)) return;
  world_.work([this] {
    stragglers_awaited_ = false;
    if (!stragglers_.empty()) catch_stragglers();
    return false;
  });
}

void Handovers::catch_stragglers() {
  if (!stragglers_set_) {
    const unsigned set = next_set_++;
    if (world_.filter(make_sets(set, foresight), "sets")) {
      stragglers_set_ = set;
      caught_table_ = true;
    }
  }
  if (stragglers_set_ && rewrite_caught()) return;
  // It works without, as well as VRRP does.
  stragglers_refused_ = true;
  for (auto& one : stragglers_) one.end = world_.now();
  arm();
}

void Handovers::end_stragglers(Instant now) {
  if (std::erase_if(stragglers_, [now](const auto& one) { return one.end <= now; }) == 0) return;
  if (!stragglers_set_) return;
  rewrite_caught();
  if (!stragglers_.empty()) return;
  static_cast<void>(world_.filter(remove_sets(*stragglers_set_), "sets"));
  stragglers_set_.reset();
}

}  // namespace baton::failover
