// What an instance is told by the configuration: keepalived.conf's vrrp_instance as far as the
// machine needs it, names and units already resolved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "vrrp/hmac.h"
#include "vrrp/packet.h"
#include "vrrp/takeover_rules.h"
#include "vrrp/tracker.h"

namespace baton::vrrp {

inline constexpr std::uint8_t owner_priority = 255;

struct PeerLimits {
  net::IpAddress address;
  std::optional<std::uint8_t> min_ttl;
  std::optional<std::uint8_t> max_ttl;

  friend bool operator==(const PeerLimits&, const PeerLimits&) = default;
};

// When addresses are announced by gratuitous ARP.
struct AnnounceSchedule {
  Duration delay = 5s;       // the second burst after a takeover; 0: none
  std::uint32_t repeat = 5;  // frames a burst
  Duration refresh = 0s;     // afterwards again and again; 0: not
  std::uint32_t refresh_repeat = 1;
  std::uint32_t conflict_repeat = 5;  // after another master was heard
  Duration conflict_delay = 5s;       // ... and once more after this; 0: not

  friend bool operator==(const AnnounceSchedule&, const AnnounceSchedule&) = default;
};

// Which forms of the checksum are used and believed in version 3 over IPv4.
enum class ChecksumPolicy : std::uint8_t {
  automatic,              // standard, until a unicast peer was heard that uses the old form
  standard,               // nothing else
  old_unicast,            // pseudo-header of the multicast group, also in unicast
  without_pseudo_header,  // as in version 2
};

struct Settings {
  std::string name;
  net::Family family = net::Family::ipv4;
  std::uint8_t version = 2;
  std::uint8_t virtual_router_id = 1;
  std::uint8_t priority = 100;
  Duration advert_interval = 1s;
  std::uint8_t auth_type = auth_none;
  Password password{};
  std::vector<net::IpAddress> addresses;  // the advertised ones
  std::vector<PeerLimits> peers;          // empty: multicast
  bool check_unicast_source = false;
  ChecksumPolicy checksum = ChecksumPolicy::automatic;
  bool lower_priority_no_advert = false;  // a master does not answer a lower advert by its own
  bool owner_ignores_adverts = false;     // with priority 255 nobody is listened to
  std::string permanent_fault;            // what is wrong with the configuration; empty: nothing
  bool wants_master = false;              // matters with priority 255 only
  bool nopreempt = false;
  Duration preempt_delay = 0s;
  unsigned down_timer_adverts = 3;
  bool skip_check_addresses = false;  // hold the address list only against a master's first advert
  AnnounceSchedule announce;
  HmacSettings hmac;
  std::vector<TrackerSettings> trackers;
  TakeoverRules takeover;
  std::string sync_group;  // its name; empty: decides for itself

  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace baton::vrrp
