// Authentication of adverts by HMAC (keepalived 2.4, auth_hmac): a trailer behind the VRRP message,
// which is otherwise as ever.
//
//   type 1 | key id 1 | reserved 2 | seconds 4 | 1/65536 s 2 | counter 2 | HMAC-SHA256 cut to 16
//
// The HMAC (RFC 2104) is over a pseudo-header (address family, version, router id, 0, source
// address in 16 bytes), the message with its checksum read as 0, and the trailer up to the HMAC.
// The time is the sender's clock in UTC; with the counter behind it, it never goes back, so that an
// old advert is known by it. Keys have ids, so that they can be changed one node after the other.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace baton::vrrp {

inline constexpr std::size_t hmac_trailer_size = 28;
inline constexpr std::uint8_t hmac_trailer_type = 1;

struct HmacKey {
  std::uint8_t id = 0;
  std::string secret;

  friend bool operator==(const HmacKey&, const HmacKey&) = default;
};

struct HmacSettings {
  std::vector<HmacKey> keys;  // empty: no HMAC
  std::uint8_t active_key = 0;
  bool anti_replay = true;
  Duration time_window = 30s;  // how far clocks may be apart; 0: not looked at
  bool required = true;        // false: adverts without a trailer are believed as well

  [[nodiscard]] bool enabled() const { return !keys.empty(); }
  // Null without one.
  [[nodiscard]] const HmacKey* find(std::uint8_t id) const;

  friend bool operator==(const HmacSettings&, const HmacSettings&) = default;
};

// When an advert was signed; later ones are greater.
struct HmacStamp {
  std::uint32_t seconds = 0;  // since 1970, UTC
  std::uint16_t fraction = 0;
  std::uint16_t counter = 0;

  [[nodiscard]] WallTime time() const;
  friend auto operator<=>(const HmacStamp&, const HmacStamp&) = default;
};

struct HmacTrailer {
  std::uint8_t type = 0;
  std::uint8_t key_id = 0;
  HmacStamp stamp;
  std::array<std::uint8_t, 16> code{};
};

// The last 28 bytes of `packet`; nothing when there are fewer.
std::optional<HmacTrailer> read_hmac_trailer(std::span<const std::uint8_t> packet);

// True when `packet` (message and trailer) was signed with one of the keys by `source`.
bool verify_hmac(std::span<const std::uint8_t> packet, const net::IpAddress& source,
                 const HmacSettings& settings);

// Signs the adverts of one instance.
class HmacSigner {
 public:
  // Appends the trailer to `message`. `now` may go back, stamps do not.
  void sign(std::vector<std::uint8_t>& message, const net::IpAddress& source,
            const HmacSettings& settings, WallTime now);

 private:
  HmacStamp last_;
};

// What was heard last from whom. Bounded: the sender that was silent longest makes room.
class ReplayTable {
 public:
  explicit ReplayTable(std::size_t senders_max) : senders_max_(senders_max) {}

  // True, and remembered, when `stamp` is later than all before it of this sender.
  bool accept(const net::IpAddress& sender, const HmacStamp& stamp);

 private:
  struct Entry {
    net::IpAddress sender;
    HmacStamp last;
    std::uint64_t heard = 0;  // in the order of hearing
  };
  std::size_t senders_max_;
  std::vector<Entry> entries_;
  std::uint64_t heard_ = 0;
};

}  // namespace baton::vrrp
