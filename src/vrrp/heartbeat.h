// What a node tells the other nodes of its pair on a second path, beside VRRP: a report of one
// virtual router, some times a second, by every node and in every state (VRRP itself lets only the
// master speak, and only on the path that may be cut).
//
// The message (big-endian, at most heartbeat_size_max bytes):
//
//   "bhb1"  family(4|6)  version  virtual_router_id  state  flags  effective  base  auth_type
//   advert_interval(ms, 4)  heartbeat_interval(ms, 4)  address_digest(8)  run(8)  sequence(8)
//   source(16, IPv4 in its first four)  name length(1)  name
//
// flags: 1 gives up, 2 hears no advert, 4 sees, 8 nopreempt. `run` is drawn anew by each start of
// a process; within a run the sequence grows, so that a late or repeated message is known as such.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrrp/event.h"

namespace baton::vrrp {

inline constexpr std::size_t heartbeat_name_max = 64;
inline constexpr std::size_t heartbeat_size_max = 65 + heartbeat_name_max;

struct PeerReport {
  std::string name;  // of the instance
  net::Family family = net::Family::ipv4;
  std::uint8_t version = 2;
  std::uint8_t virtual_router_id = 0;
  State state = State::init;
  bool gives_up = false;  // master on its way out
  bool is_cut = false;    // a backup that hears adverts no more and holds back
  bool sees = false;      // its witness answers, or its link receives
  bool nopreempt = false;
  std::uint8_t effective_priority = 0;
  std::uint8_t base_priority = 0;
  std::uint8_t auth_type = 0;
  Duration advert_interval{};
  Duration heartbeat_interval{};
  std::uint64_t address_digest = 0;
  net::IpAddress source;  // on the first path; any() without one
  std::uint64_t run = 0;
  std::uint64_t sequence = 0;

  // Holds the addresses and means to keep them.
  [[nodiscard]] bool is_master() const { return state == State::master && !gives_up; }
  friend bool operator==(const PeerReport&, const PeerReport&) = default;
};

// The same for the same set, in any order.
std::uint64_t digest_addresses(std::vector<net::IpAddress> addresses);

std::vector<std::uint8_t> encode_heartbeat(const PeerReport& report);
// Nothing for what is no report of this form.
std::optional<PeerReport> parse_heartbeat(std::span<const std::uint8_t> bytes);

}  // namespace baton::vrrp
