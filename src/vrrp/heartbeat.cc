// Reports as bytes.

#include "vrrp/heartbeat.h"

#include <algorithm>
#include <array>

#include "net/bytes.h"

namespace baton::vrrp {

namespace {

constexpr std::array<std::uint8_t, 4> magic{'b', 'h', 'b', '1'};
constexpr std::uint8_t flag_gives_up = 1;
constexpr std::uint8_t flag_cut = 2;
constexpr std::uint8_t flag_sees = 4;
constexpr std::uint8_t flag_nopreempt = 8;

std::uint32_t whole_ms(Duration duration) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(to_ms(duration), 0, UINT32_MAX));
}

std::uint8_t flags_of(const PeerReport& report) {
  return static_cast<std::uint8_t>((report.gives_up ? flag_gives_up : 0) |
                                   (report.is_cut ? flag_cut : 0) | (report.sees ? flag_sees : 0) |
                                   (report.nopreempt ? flag_nopreempt : 0));
}

bool is_plausible(const PeerReport& report, std::uint8_t family, std::uint8_t state) {
  return (family == 4 || family == 6) && state <= static_cast<std::uint8_t>(State::stopped) &&
         report.virtual_router_id != 0 && report.heartbeat_interval > 0s;
}

}  // namespace

// FNV-1a over the sorted addresses: it has to tell lists apart, not to resist anybody.
std::uint64_t digest_addresses(std::vector<net::IpAddress> addresses) {
  std::ranges::sort(addresses);
  std::uint64_t digest = 0xcbf29ce484222325u;
  for (const auto& address : addresses) {
    for (const std::uint8_t byte : address.bytes()) digest = (digest ^ byte) * 0x100000001b3u;
    digest = (digest ^ address.bytes().size()) * 0x100000001b3u;
  }
  return digest;
}

std::vector<std::uint8_t> encode_heartbeat(const PeerReport& report) {
  net::ByteWriter writer;
  writer.append(magic);
  writer.u8(report.family == net::Family::ipv4 ? 4 : 6);
  writer.u8(report.version);
  writer.u8(report.virtual_router_id);
  writer.u8(static_cast<std::uint8_t>(report.state));
  writer.u8(flags_of(report));
  writer.u8(report.effective_priority);
  writer.u8(report.base_priority);
  writer.u8(report.auth_type);
  writer.u32(whole_ms(report.advert_interval));
  writer.u32(whole_ms(report.heartbeat_interval));
  writer.u64(report.address_digest);
  writer.u64(report.run);
  writer.u64(report.sequence);
  std::array<std::uint8_t, 16> source{};
  std::ranges::copy(report.source.bytes(), source.begin());
  writer.append(source);
  const std::string name = report.name.substr(0, heartbeat_name_max);
  writer.u8(static_cast<std::uint8_t>(name.size()));
  writer.append(std::span(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()));
  return writer.take();
}

std::optional<PeerReport> parse_heartbeat(std::span<const std::uint8_t> bytes) {
  net::ByteReader reader(bytes);
  if (!std::ranges::equal(reader.take(magic.size()), magic)) return std::nullopt;
  PeerReport report;
  const std::uint8_t family = reader.u8();
  report.family = family == 6 ? net::Family::ipv6 : net::Family::ipv4;
  report.version = reader.u8();
  report.virtual_router_id = reader.u8();
  const std::uint8_t state = reader.u8();
  const std::uint8_t flags = reader.u8();
  report.gives_up = flags & flag_gives_up;
  report.is_cut = flags & flag_cut;
  report.sees = flags & flag_sees;
  report.nopreempt = flags & flag_nopreempt;
  report.effective_priority = reader.u8();
  report.base_priority = reader.u8();
  report.auth_type = reader.u8();
  report.advert_interval = std::chrono::milliseconds(reader.u32());
  report.heartbeat_interval = std::chrono::milliseconds(reader.u32());
  report.address_digest = reader.u64();
  report.run = reader.u64();
  report.sequence = reader.u64();
  const auto source = reader.take(16);
  const auto name = reader.take(reader.u8());
  if (!reader.ok() || reader.left() != 0 || name.size() > heartbeat_name_max) return std::nullopt;
  if (!is_plausible(report, family, state)) return std::nullopt;
  report.state = static_cast<State>(state);
  report.source = family == 6 ? net::IpAddress::ipv6(source.first<16>())
                              : net::IpAddress::ipv4(source.first<4>());
  report.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  return report;
}

}  // namespace baton::vrrp
