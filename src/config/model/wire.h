// How an instance's adverts look and whom it believes, and how addresses are announced, as far as
// keepalived.conf says more about it than who, where and how often. Defaults stand here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "vrrp/hmac.h"

namespace baton::config {

// Version 3, unicast, IPv4: which destination the pseudo-header has.
enum class UnicastChecksum : std::uint8_t {
  automatic,  // the real one, until a peer was heard that sums it the old way
  standard,   // old_unicast_checksum never
  old,        // old_unicast_checksum: the multicast group's
};

// Of one instance.
struct Wire {
  net::Family family = net::Family::ipv4;
  std::optional<net::IpAddress> multicast_group;  // mcast_dst_ip; absent: the global one
  std::uint8_t unicast_ttl = 255;
  UnicastChecksum unicast_checksum = UnicastChecksum::automatic;
  bool checksum_as_version2 = false;      // v3_checksum_as_v2: without a pseudo-header
  bool fault_without_peers = false;       // unicast_fault_no_peer
  bool track_source = false;              // track_src_ip
  bool lower_priority_no_advert = false;  // a lower advert is not answered
  bool owner_ignores_adverts = false;
  bool promote_secondaries = false;  // sysctl of the interface
  vrrp::HmacSettings hmac;           // auth_hmac
};

// Links that share one pacing of announcements.
struct GarpGroup {
  std::optional<Duration> garp_interval;
  std::optional<Duration> gna_interval;
  std::vector<std::string> interfaces;
};

// Of the whole file.
struct WireGlobals {
  net::IpAddress multicast_group6 = *net::IpAddress::parse("ff02::12");
  Duration gna_interval = 0s;  // pause between neighbour advertisements of one interface
  std::vector<GarpGroup> garp_groups;
  bool log_unknown_router_ids = false;
};

}  // namespace baton::config
