// The trailer, its code and the memory against replays.

#include "vrrp/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/assert.h"
#include "net/bytes.h"

namespace baton::vrrp {

namespace {

using Code = std::array<std::uint8_t, 16>;

constexpr std::size_t signed_trailer_size = hmac_trailer_size - std::tuple_size_v<Code>;
constexpr std::size_t checksum_position = 6;
constexpr std::size_t smallest_message = 8;
// The values of AF_INET and AF_INET6 on Linux.
constexpr std::uint8_t family_ipv4 = 2;
constexpr std::uint8_t family_ipv6 = 10;

// `packet` ends where its code begins.
Code compute(std::span<const std::uint8_t> packet, const net::IpAddress& source,
             const std::string& secret) {
  net::ByteWriter input;
  input.u8(source.is_ipv4() ? family_ipv4 : family_ipv6);
  input.u8(packet[0] >> 4);
  input.u8(packet[1]);
  input.u8(0);
  input.append(source.bytes());
  for (std::size_t i = source.bytes().size(); i < 16; ++i) input.u8(0);
  const std::size_t message_at = input.size();
  input.append(packet);
  input.set_u16(message_at + checksum_position, 0);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> whole{};
  unsigned size = 0;
  const auto* done = ::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                            input.bytes().data(), input.size(), whole.data(), &size);
  BATON_ASSERT(done && size == 32);
  Code code;
  std::copy_n(whole.begin(), code.size(), code.begin());
  return code;
}

HmacStamp stamp_at(WallTime now) {
  const auto since_epoch = now.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto rest = (since_epoch - seconds).count();
  return {static_cast<std::uint32_t>(seconds.count()),
          static_cast<std::uint16_t>(rest * 65536 / 1'000'000'000), 0};
}

}  // namespace

const HmacKey* HmacSettings::find(std::uint8_t id) const {
  const auto found = std::ranges::find(keys, id, &HmacKey::id);
  return found == keys.end() ? nullptr : &*found;
}

WallTime HmacStamp::time() const {
  const Duration rest{std::int64_t{fraction} * 1'000'000'000 / 65536};
  return WallTime(std::chrono::seconds(seconds) + rest);
}

std::optional<HmacTrailer> read_hmac_trailer(std::span<const std::uint8_t> packet) {
  if (packet.size() < hmac_trailer_size) return std::nullopt;
  net::ByteReader reader(packet.last(hmac_trailer_size));
  HmacTrailer trailer;
  trailer.type = reader.u8();
  trailer.key_id = reader.u8();
  reader.u16();
  trailer.stamp.seconds = reader.u32();
  trailer.stamp.fraction = reader.u16();
  trailer.stamp.counter = reader.u16();
  std::ranges::copy(reader.take(trailer.code.size()), trailer.code.begin());
  return trailer;
}

bool verify_hmac(std::span<const std::uint8_t> packet, const net::IpAddress& source,
                 const HmacSettings& settings) {
  const auto trailer = read_hmac_trailer(packet);
  if (!trailer || packet.size() < hmac_trailer_size + smallest_message) return false;
  if (trailer->type != hmac_trailer_type) return false;
  const HmacKey* key = settings.find(trailer->key_id);
  if (!key) return false;
  const Code code =
      compute(packet.first(packet.size() - trailer->code.size()), source, key->secret);
  return ::CRYPTO_memcmp(code.data(), trailer->code.data(), code.size()) == 0;
}

void HmacSigner::sign(std::vector<std::uint8_t>& message, const net::IpAddress& source,
                      const HmacSettings& settings, WallTime now) {
  BATON_ASSERT(message.size() >= smallest_message);
  const HmacKey* key = settings.find(settings.active_key);
  BATON_ASSERT(key);
  HmacStamp stamp = stamp_at(now);
  // A clock that was set back, or two adverts within one tick: the counter goes on.
  if (stamp <= last_) {
    stamp = last_;
    if (++stamp.counter == 0) stamp.seconds += ++stamp.fraction == 0 ? 1 : 0;
  }
  last_ = stamp;
  net::ByteWriter trailer;
  trailer.u8(hmac_trailer_type);
  trailer.u8(key->id);
  trailer.u16(0);
  trailer.u32(stamp.seconds);
  trailer.u16(stamp.fraction);
  trailer.u16(stamp.counter);
  BATON_ASSERT(trailer.size() == signed_trailer_size);
  message.insert(message.end(), trailer.bytes().begin(), trailer.bytes().end());
  const Code code = compute(message, source, key->secret);
  message.insert(message.end(), code.begin(), code.end());
}

bool ReplayTable::accept(const net::IpAddress& sender, const HmacStamp& stamp) {
  auto entry = std::ranges::find(entries_, sender, &Entry::sender);
  if (entry == entries_.end()) {
    if (entries_.size() >= senders_max_) {
      entries_.erase(std::ranges::min_element(entries_, {}, &Entry::heard));
    }
    entries_.push_back({sender, stamp, ++heard_});
    return true;
  }
  if (stamp <= entry->last) return false;
  entry->last = stamp;
  entry->heard = ++heard_;
  return true;
}

}  // namespace baton::vrrp
