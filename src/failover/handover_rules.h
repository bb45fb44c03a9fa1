// The packet rules of a handover as nftables text. Pure; linux/nftables.h has the kernel do it.
//
// One table of each kind is ours, with the flag `owner`: it disappears with the process that made
// it, so that nothing of it is left behind, whatever the process dies of.
//
//   netdev   on the link of a virtual address, before everything else, at the taker: packets of TCP
//            connections that live on the giver go there. While a handover runs that is everything
//            that did not begin here (`own`); afterwards the connections of `moved`. A SYN stays.
//   arp      at the giver: no answer to questions for an address that it only keeps, and no
//            question of its own in that address's name.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "failover/handover.h"

namespace baton::failover {

inline constexpr const char* rules_table = "baton_handover";
inline constexpr std::size_t moved_flows_max = 262144;

// One address that was taken over, on its link, and where its earlier connections are.
struct CaughtAddress {
  net::IpAddress address;
  std::string device;
  net::IpAddress giver;
  unsigned set = 0;  // number of the handover: names the sets
  bool catching = false;
};

// Everything that the taker side needs, the oldest handover first; empty when `addresses` is. Keeps
// the content of sets whose number is in `existing`.
std::string caught_rules(const std::vector<CaughtAddress>& addresses);
// One more pair of sets, for the handover of this number, and its end.
std::string make_sets(unsigned set, Duration timeout);
std::string remove_sets(unsigned set);
// Adds connections to a handover's sets: those that moved, or those that are here already.
enum class FlowSet : std::uint8_t { moved, own };
std::string add_flows(unsigned set, FlowSet which, std::span<const Flow> flows);

// One address that is kept on the loopback; `real` is what questions are asked with instead.
struct KeptAddress {
  net::IpAddress address;
  net::IpAddress real;
};
std::string kept_rules(const std::vector<KeptAddress>& addresses);

}  // namespace baton::failover
