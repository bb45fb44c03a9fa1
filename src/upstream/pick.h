// A server that was picked, as an owner: whatever way it ends, the connection is no longer counted
// as active and the server's health hears the outcome. Ended by succeed(), fail(), or, when the
// attempt says nothing about the server (client gone, shutting down), by destruction.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "upstream/peer.h"

namespace baton::upstream {

class Group;

class Pick {
 public:
  Pick(Pick&& other) noexcept;
  Pick& operator=(Pick&& other) noexcept;
  ~Pick() { abandon(); }

  [[nodiscard]] const Peer& peer() const { return *peer_; }
  // The first request after fail_timeout to a server that was out, or to a stalled one.
  [[nodiscard]] bool is_probe() const { return probe_; }

  // The request is complete or on its way: from now on the server owes an answer. Does nothing
  // the second time.
  void await_answer(Instant now);
  // The response's head is there. True when this ended a stall.
  bool answered(Instant now);

  // True when a failed server is eligible again by this.
  bool succeed(Instant now);
  // True when the server is out now: nginx's "upstream server temporarily disabled" (warn).
  bool fail(Instant now);
  void abandon();

  // For statistics and least_time, before the end. `status` is the upstream's; durations from the
  // pick on.
  void count_response(int status, Duration header_time, Duration response_time);
  void count_bytes(std::uint64_t sent, std::uint64_t received);

 private:
  friend class Group;
  Pick(Group& group, const Peer& peer, bool probe, Instant picked_at)
      : group_(&group), peer_(&peer), picked_at_(picked_at), probe_(probe) {}
  bool end();  // false when it had ended before

  Group* group_;  // null: ended
  const Peer* peer_;
  Instant picked_at_;
  Instant asked_at_{};
  bool probe_;
  bool waiting_ = false;
};

}  // namespace baton::upstream
