// Receive checks (keepalived 2.3.3 and later: the address list does not reject).

#include "vrrp/receive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace baton::vrrp {

namespace {

bool has_bad_ip_header(const ProblemSet& problems) {
  constexpr std::array causes{Problem::ip_truncated,     Problem::ip_version,
                              Problem::ip_header_length, Problem::ip_fragment,
                              Problem::ip_protocol,      Problem::ip_length,
                              Problem::ip_checksum,      Problem::authentication};
  return std::ranges::any_of(causes, [&](Problem cause) { return problems.has(cause); });
}

// In time that does not depend on where the first difference is.
bool equal_passwords(const Password& a, const Password& b) {
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == 0;
}

bool has_acceptable_checksum(const ParsedAdvert& parsed, const Settings& settings) {
  if (parsed.problems.has(Problem::checksum)) return false;
  switch (parsed.checksum_form) {
    case ChecksumForm::standard:
      return true;
    case ChecksumForm::multicast_destination:
      return !settings.peers.empty() && (settings.checksum == ChecksumPolicy::automatic ||
                                         settings.checksum == ChecksumPolicy::old_unicast);
    case ChecksumForm::without_pseudo_header:
      return settings.checksum == ChecksumPolicy::without_pseudo_header;
  }
  return false;
}

bool is_acceptable_source(const ParsedAdvert& parsed, const Settings& settings) {
  const auto peer = std::ranges::find(settings.peers, parsed.envelope.source, &PeerLimits::address);
  if (peer == settings.peers.end()) {
    const bool limits_wanted = std::ranges::any_of(
        settings.peers, [](const PeerLimits& p) { return p.min_ttl || p.max_ttl; });
    return !settings.check_unicast_source && !limits_wanted;
  }
  const std::uint8_t ttl = parsed.envelope.ttl;
  return ttl >= peer->min_ttl.value_or(0) && ttl <= peer->max_ttl.value_or(255);
}

// Whether it is new is for the machine to say, which remembers.
std::optional<Reject> check_hmac(const ParsedAdvert& parsed, const HmacSettings& hmac) {
  if (!hmac.enabled()) return std::nullopt;
  if (!parsed.hmac) {
    return hmac.required ? std::optional(Reject::hmac) : std::nullopt;
  }
  if (!verify_hmac(parsed.message, parsed.envelope.source, hmac)) return Reject::hmac;
  if (hmac.time_window == 0s) return std::nullopt;
  const Duration apart = parsed.envelope.received - parsed.hmac->stamp.time();
  if (apart > hmac.time_window || apart < -hmac.time_window) return Reject::hmac_time;
  return std::nullopt;
}

std::string describe_authentication(const ParsedAdvert& parsed, const Settings& settings) {
  const std::string source = parsed.envelope.source.text();
  if (check_authentication(parsed.packet, settings.password) == AuthenticationFault::index) {
    return fmt::format("IPSEC AH : invalid IPSEC SPI value. {:#010x} from {}",
                       parsed.authentication->index, source);
  }
  return fmt::format(
      "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password ! From {}",
      source);
}

std::optional<Reject> check_version2(const ParsedAdvert& parsed, const Settings& settings) {
  if (parsed.advert.version != 2) return std::nullopt;
  if (parsed.advert.auth_type != settings.auth_type) return Reject::auth_type;
  if (settings.auth_type == auth_password &&
      !equal_passwords(parsed.advert.password, settings.password)) {
    return Reject::password;
  }
  if (parsed.authentication && check_authentication(parsed.packet, settings.password)) {
    return Reject::password;
  }
  if (parsed.advert.interval != settings.advert_interval) return Reject::interval;
  return std::nullopt;
}

}  // namespace

const char* name_of(Reject reject) {
  static constexpr std::array names{"ip_header", "length",   "ttl",       "version",
                                    "auth_type", "password", "interval",  "type",
                                    "checksum",  "cast",     "source",    "virtual_router_id",
                                    "owner",     "hmac",     "hmac_time", "replay"};
  static_assert(names.size() == reject_count);
  return names[static_cast<std::size_t>(reject)];
}

std::optional<Reject> check_advert(const ParsedAdvert& parsed, const Settings& settings) {
  const ProblemSet& problems = parsed.problems;
  const bool unicast = !settings.peers.empty();
  if (has_bad_ip_header(problems)) return Reject::ip_header;
  if (problems.has(Problem::message_truncated)) return Reject::length;
  if (parsed.advert.virtual_router_id != settings.virtual_router_id) {
    return Reject::virtual_router_id;
  }
  if (parsed.authentication.has_value() != (settings.auth_type == auth_header)) {
    return Reject::auth_type;
  }
  // A foreign version has another layout: its length says nothing.
  const bool same_version = parsed.advert.version == settings.version;
  if (same_version && problems.has(Problem::length)) return Reject::length;
  if (parsed.hmac && !settings.hmac.enabled()) return Reject::length;
  if (!unicast && parsed.envelope.ttl != ip_ttl) return Reject::ttl;
  if (!same_version) return Reject::version;
  if (const auto reject = check_hmac(parsed, settings.hmac)) return reject;
  if (const auto reject = check_version2(parsed, settings)) return reject;
  if (problems.has(Problem::unknown_type)) return Reject::type;
  if (!has_acceptable_checksum(parsed, settings)) return Reject::checksum;
  if (parsed.envelope.destination.is_multicast() == unicast) return Reject::cast;
  if (unicast && !is_acceptable_source(parsed, settings)) return Reject::source;
  if (settings.owner_ignores_adverts && settings.priority == owner_priority) return Reject::owner;
  if (!problems.empty()) return Reject::type;  // nothing known is left: stay on the safe side
  return std::nullopt;
}

std::string describe(Reject reject, const ParsedAdvert& parsed, const Settings& settings) {
  const std::string source = parsed.envelope.source.text();
  const Advert& advert = parsed.advert;
  switch (reject) {
    case Reject::ip_header:
      return fmt::format("bad IP header in advert from {}: {}", source,
                         describe(parsed.problems.first()));
    case Reject::length:
      return fmt::format("advert from {} has {} bytes and {} addresses: wrong length", source,
                         parsed.message_length, parsed.address_count);
    case Reject::ttl:
      return fmt::format("invalid TTL/HL {} from {}, expected {}", parsed.envelope.ttl, source,
                         ip_ttl);
    case Reject::version:
      return fmt::format("invalid version {} from {}, expected {}", advert.version, source,
                         settings.version);
    case Reject::auth_type:
      if (parsed.authentication && settings.auth_type != auth_header) {
        return fmt::format("Received AH header from {} but auth type not AH", source);
      }
      if (!parsed.authentication && settings.auth_type == auth_header) {
        return fmt::format("No AH header from {} but auth type is AH", source);
      }
      return fmt::format("received authentication type {} from {}, expected {}", advert.auth_type,
                         source, settings.auth_type);
    case Reject::password:
      if (parsed.authentication) return describe_authentication(parsed, settings);
      return fmt::format("received an invalid passwd from {}!", source);
    case Reject::interval:
      return fmt::format("advertisement interval mismatch with {} mine={} sec rcv'd={} sec", source,
                         to_seconds(settings.advert_interval), to_seconds(advert.interval));
    case Reject::type:
      return fmt::format("packet from {} is no advertisement: type {}", source, advert.type);
    case Reject::checksum:
      return fmt::format("invalid checksum from {}", source);
    case Reject::cast:
      return settings.peers.empty()
                 ? fmt::format("received unicast advert from {} but multicast is configured",
                               source)
                 : fmt::format("received multicast advert from {} but unicast_peer is configured",
                               source);
    case Reject::source:
      return fmt::format("advert from {} (TTL {}), which is not an allowed unicast peer", source,
                         parsed.envelope.ttl);
    case Reject::hmac:
      if (!parsed.hmac) return fmt::format("advert from {} has no HMAC", source);
      return fmt::format("advert from {} has a wrong HMAC (key {})", source, parsed.hmac->key_id);
    case Reject::hmac_time:
      return fmt::format(
          "advert from {} was signed {:.1f} s ago by its clock: more than {:.0f} s apart", source,
          to_seconds(parsed.envelope.received - parsed.hmac->stamp.time()),
          to_seconds(settings.hmac.time_window));
    case Reject::replay:
      if (parsed.authentication) {
        return fmt::format(
            "IPSEC-AH : sequence number {} already processed. Packet dropped. From {}",
            parsed.authentication->sequence, source);
      }
      return fmt::format("advert from {} was heard before: replayed?", source);
    case Reject::owner:
      return fmt::format("advert from {} is ignored: owner_ignore_adverts", source);
    case Reject::virtual_router_id:
      return fmt::format("advert from {} for VRID {}", source, advert.virtual_router_id);
  }
  BATON_ASSERT(false);
}

std::optional<std::string> compare_addresses(const Advert& received, const Settings& settings) {
  if (received.addresses.size() != settings.addresses.size()) {
    return fmt::format("expected {} VIPs but received {}", settings.addresses.size(),
                       received.addresses.size());
  }
  for (const auto& address : received.addresses) {
    if (std::ranges::find(settings.addresses, address) == settings.addresses.end()) {
      return fmt::format("ip address {} associated with VRID {} not present in our configuration",
                         address.text(), settings.virtual_router_id);
    }
  }
  for (const auto& address : settings.addresses) {
    if (std::ranges::find(received.addresses, address) == received.addresses.end()) {
      return fmt::format("ip address {} associated with VRID {} not present in received packet",
                         address.text(), settings.virtual_router_id);
    }
  }
  return std::nullopt;
}

}  // namespace baton::vrrp
