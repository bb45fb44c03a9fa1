// The checks that a received advert must pass before the machine sees it, in keepalived's order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vrrp/packet.h"
#include "vrrp/settings.h"

namespace baton::vrrp {

enum class Reject : std::uint8_t {
  ip_header,  // only possible where no kernel looked at the packet before
  length,
  ttl,
  version,
  auth_type,
  password,
  interval,
  type,
  checksum,
  cast,  // multicast for a unicast instance, or the other way round
  source,
  virtual_router_id,
  owner,      // priority 255 that listens to nobody
  hmac,       // no code, or a wrong one
  hmac_time,  // signed at another time
  replay,     // was heard before
};
inline constexpr std::size_t reject_count = 16;

// The name of the cause in status and counters: "password".
const char* name_of(Reject reject);

// Why `parsed` is not for an instance with `settings`; nothing when it is.
std::optional<Reject> check_advert(const ParsedAdvert& parsed, const Settings& settings);

// The log line for a reject, keepalived's wording where it has one, without the instance's name.
std::string describe(Reject reject, const ParsedAdvert& parsed, const Settings& settings);

// Nothing when `received` is the list of `settings`, in any order; else a text that says what
// differs. A difference is worth a warning, not a second master (RFC 9568).
std::optional<std::string> compare_addresses(const Advert& received, const Settings& settings);

}  // namespace baton::vrrp
