// Packets from the network: adverts of both versions and families, with and without HMAC or
// authentication header, and neighbour advertisements. No byte string crashes a parser; what the
// checks reject changes nothing but counters; and nobody gets past the HMAC without the key.
//
// The first byte says what the rest is; the rest is also tried with its checksum mended, and with
// the code of its authentication header, so that the checks behind them are reached.

#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.h"
#include "linux/arp.h"
#include "linux/neighbour_discovery.h"
#include "vrrp/instance.h"
#include "vrrp/packet.h"
#include "vrrp/receive.h"

namespace {

using namespace baton;
using vrrp::ParsedAdvert;

constexpr std::uint8_t flag_ipv6 = 1;
constexpr std::uint8_t flag_version3 = 2;
constexpr std::uint8_t flag_hmac = 4;
constexpr std::uint8_t flag_unicast = 8;
constexpr std::uint8_t flag_master = 16;
constexpr std::uint8_t flag_message = 32;
constexpr std::uint8_t flag_header = 64;  // behind an authentication header; not with IPv6 or v3

net::IpAddress ip(const char* text) {
  return *net::IpAddress::parse(text);
}

vrrp::Settings settings_for(std::uint8_t flags) {
  vrrp::Settings settings;
  const bool ipv6 = flags & flag_ipv6;
  settings.name = "V";
  settings.family = ipv6 ? net::Family::ipv6 : net::Family::ipv4;
  settings.version = ipv6 || (flags & flag_version3) ? 3 : 2;
  settings.virtual_router_id = 51;
  settings.auth_type = settings.version == 2 ? vrrp::auth_password : vrrp::auth_none;
  settings.password = vrrp::make_password(settings.version == 2 ? "1111" : "");
  settings.addresses = {ipv6 ? ip("fd09::63") : ip("10.9.0.100")};
  if (flags & flag_unicast) settings.peers = {{ipv6 ? ip("fe80::2") : ip("10.9.0.2"), {}, {}}};
  if (settings.version == 2 && flags & flag_header) settings.auth_type = vrrp::auth_header;
  if (flags & flag_hmac) {
    settings.hmac.keys = {{1, "a key that no input knows"}};
    settings.hmac.active_key = 1;
    settings.hmac.time_window = 0s;
  }
  return settings;
}

ParsedAdvert parse(std::span<const std::uint8_t> bytes, std::uint8_t flags) {
  const bool ipv6 = flags & flag_ipv6;
  if (!ipv6 && !(flags & flag_message)) return vrrp::parse_ipv4_packet(bytes);
  vrrp::Envelope envelope;
  envelope.source = ipv6 ? ip("fe80::2") : ip("10.9.0.2");
  envelope.destination = ipv6 ? ip("fe80::1") : ip("10.9.0.1");
  if (!(flags & flag_unicast)) {
    envelope.destination = vrrp::multicast_group(envelope.source.family());
  }
  envelope.ttl = 255;
  return vrrp::parse_message(bytes, envelope);
}

// The machine as BACKUP or MASTER, after `parsed` was heard.
void tell_machine(const ParsedAdvert& parsed, const vrrp::Settings& settings, bool as_master) {
  vrrp::Instance machine(settings);
  Instant now{};
  machine.handle(vrrp::event::SourceChanged{settings.family == net::Family::ipv6 ? ip("fe80::1")
                                                                                 : ip("10.9.0.1")},
                 now);
  machine.handle(vrrp::event::Start{}, now);
  if (as_master) {
    now = machine.deadline();
    machine.handle(vrrp::event::TimerDue{}, now);
  }
  const auto state = machine.state();
  const auto deadline = machine.deadline();
  auto rejected = vrrp::check_advert(parsed, settings);
  const bool is_old =
      parsed.authentication && parsed.authentication->sequence <= machine.sequence();
  if (!rejected && is_old) rejected = vrrp::Reject::replay;
  const auto actions = machine.handle(vrrp::event::AdvertReceived{&parsed}, now);
  if (!rejected) {
    BATON_ASSERT(parsed.ok() && machine.counters().adverts_received == 1);
    BATON_ASSERT(!settings.hmac.enabled());  // nobody knows the key
    if (parsed.authentication) {
      // A master has answered.
      BATON_ASSERT(machine.sequence() >= parsed.authentication->sequence);
      BATON_ASSERT(!vrrp::check_authentication(parsed.packet, settings.password));
    }
    return;
  }
  BATON_ASSERT(machine.state() == state && machine.deadline() == deadline);
  BATON_ASSERT(machine.counters().adverts_received == 0);
  BATON_ASSERT(machine.counters().rejected_total() == 1);
  for (const auto& action : actions) {
    BATON_ASSERT(std::holds_alternative<vrrp::action::LogLine>(action));
  }
  BATON_ASSERT(!vrrp::describe(*rejected, parsed, settings).empty());
}

void check(std::span<const std::uint8_t> bytes, std::uint8_t flags) {
  const auto parsed = parse(bytes, flags);
  BATON_ASSERT(parsed.advert.addresses.size() <= parsed.address_count);
  parsed.problems.for_each(
      [](vrrp::Problem problem) { BATON_ASSERT(!vrrp::describe(problem).empty()); });
  if (parsed.hmac) BATON_ASSERT(parsed.message.size() >= vrrp::hmac_trailer_size + 8);
  const auto settings = settings_for(flags);
  tell_machine(parsed, settings, flags & flag_master);
  // What is whole is built again to the same bytes.
  const bool standard = parsed.checksum_form == vrrp::ChecksumForm::standard;
  if (!parsed.ok() || parsed.hmac || !standard) return;
  const auto again =
      vrrp::build_message(parsed.advert, parsed.envelope.source, parsed.envelope.destination);
  BATON_ASSERT(again.size() == parsed.message.size());
  BATON_ASSERT(vrrp::parse_message(again, parsed.envelope).advert == parsed.advert);
}

// The message of an authenticated packet, signed anew with the key of settings_for().
void check_signed(std::span<const std::uint8_t> bytes, std::uint8_t flags) {
  const std::uint8_t packet_flags = flags & static_cast<std::uint8_t>(~flag_message);
  const auto parsed = parse(bytes, packet_flags);
  if (!parsed.authentication || parsed.message.size() > 1500) return;
  check(vrrp::build_authenticated_packet(parsed.message, parsed.envelope.source,
                                         parsed.envelope.destination, parsed.envelope.id,
                                         parsed.envelope.ttl, parsed.authentication->sequence,
                                         settings_for(packet_flags).password),
        packet_flags);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 5000) return 0;
  const std::uint8_t flags = data[0];
  const std::span bytes(data + 1, size - 1);
  check(bytes, flags);
  const auto claim = linux::parse_neighbour_claim(bytes);
  if (claim) BATON_ASSERT(!claim->address.is_multicast() && !claim->address.is_any());
  static_cast<void>(linux::parse_arp_claim(bytes));
  if (flags & flag_header) check_signed(bytes, flags);
  // With the checksum mended: the sum over the message as it stands is what is missing in it.
  if (bytes.size() < 8) return 0;
  std::vector<std::uint8_t> mended(bytes.begin(), bytes.end());
  mended[6] = mended[7] = 0;
  const std::uint8_t message_flags = flags | flag_message;
  const auto parsed = parse(mended, message_flags);
  if (!parsed.problems.has(vrrp::Problem::length)) {
    const auto again = vrrp::build_message(
        {parsed.advert.version == 2 ? std::uint8_t{2} : std::uint8_t{3}, parsed.advert.type,
         parsed.advert.virtual_router_id, parsed.advert.priority, parsed.advert.interval,
         parsed.advert.auth_type, parsed.advert.password, parsed.advert.addresses},
        parsed.envelope.source, parsed.envelope.destination);
    mended[6] = again[6];
    mended[7] = again[7];
    check(mended, message_flags);
  }
  return 0;
}
