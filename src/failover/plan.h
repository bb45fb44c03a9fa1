// From the configuration of one vrrp_instance to what its parts need: the machine's settings, what
// is watched for it and which addresses it holds. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/model/failover.h"
#include "failover/address_guard.h"
#include "failover/announce_pacing.h"
#include "failover/route_guard.h"
#include "vrrp/settings.h"

namespace baton::failover {

// What stands behind a tracker of the machine; same order as Settings::trackers.
struct Watched {
  enum class Kind : std::uint8_t {
    interface,
    script,
    proxy,
    file,
    process,
    bfd,
    static_group
  } kind = Kind::interface;
  std::string interface;
  std::uint32_t script = 0;  // index into config::Failover::scripts
  // Of a file or process in config::Tracking, of a track group, or of a bfd_instance.
  std::uint32_t index = 0;
};

// What cannot change without starting the instance anew.
struct Identity {
  std::string interface;
  std::uint8_t virtual_router_id = 0;
  std::uint8_t version = 2;
  bool unicast = false;
  std::optional<net::IpAddress> source;
  net::IpAddress multicast_group;  // its family is the instance's

  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Plan {
  Identity identity;
  vrrp::Settings settings;
  std::vector<Watched> watched;
  std::vector<HeldAddress> held;  // advertised ones first, then the excluded
  HeldRoutes routes;
  config::VirtualMac vmac;
  std::string transmit_interface;  // a VMAC interface for adverts; empty: the real one
  AnnouncePacing pacing;
  std::uint8_t unicast_ttl = vrrp::ip_ttl;
  bool track_source = false;         // a source address that is not here is a fault
  bool promote_secondaries = false;  // sysctl of the interface
  config::GuardOptions guard;        // paths and witnesses; the rules are in the settings
};

// `link_wait`: for instances whose file does not say how long the first takeover waits for a link
// that receives.
Plan make_plan(const config::Failover& config, std::uint32_t instance, bool track_proxy,
               Duration link_wait = 0s);

// An address of the file on `device`.
HeldAddress to_held(const config::VirtualAddress& address, const std::string& device);

// Where packets to an address on `device` come in: `device`, or the link below an interface with a
// virtual MAC.
const std::string& link_of(const Plan& plan, const std::string& device);

// Every address that any instance may hold.
std::vector<HeldAddress> all_addresses(const config::Failover& config);

// Why this program cannot run `config`, for people; nothing when it can.
std::optional<std::string> find_unsupported(const config::Failover& config);

}  // namespace baton::failover
