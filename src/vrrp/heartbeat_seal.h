// Reports of the second path that nobody without the key of the pair can make, change or repeat.
//
// A sealed report (big-endian, at most sealed_size_max bytes):
//
//   "bhs1"  tick(8)  echo count(1)  { run(8) tick(8) } for each echo  report  HMAC-SHA256 cut to 16
//
// The report is that of heartbeat.h; the HMAC (RFC 2104) is over all before it, with a key that is
// derived from the key of the pair for this purpose alone.
//
// Freshness needs no clock that both nodes share, and no memory that outlives a restart. `tick` is
// the sender's own clock; the other nodes send it back as an echo. A report is believed only when
// it echoes this very run of this node with a tick that is young, so its sender wrote it a moment
// ago: what was recorded before this node was started, or held back on its way, is stale. Within
// that moment, a report is taken only once, since the sequence of a run grows on each way. The
// price: reports are believed only where both nodes hear each other, one exchange after the start.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrrp/heartbeat.h"

namespace baton::vrrp {

inline constexpr std::size_t heartbeat_echoes_max = 16;
inline constexpr std::size_t heartbeat_code_size = 16;
inline constexpr std::size_t sealed_size_max =
    13 + heartbeat_echoes_max * 16 + heartbeat_size_max + heartbeat_code_size;

using HeartbeatKey = std::array<std::uint8_t, 32>;

// The key of reports, from that of the pair.
HeartbeatKey derive_heartbeat_key(std::span<const std::uint8_t> pair_key);

// Another node's run and the last tick that was heard of it.
struct HeartbeatEcho {
  std::uint64_t run = 0;
  std::uint64_t tick = 0;
  friend bool operator==(const HeartbeatEcho&, const HeartbeatEcho&) = default;
};

struct SealedHeartbeat {
  std::uint64_t tick = 0;
  std::vector<HeartbeatEcho> echoes;  // at most heartbeat_echoes_max
  PeerReport report;
  friend bool operator==(const SealedHeartbeat&, const SealedHeartbeat&) = default;
};

std::vector<std::uint8_t> encode_sealed(const SealedHeartbeat& message, const HeartbeatKey& key);
// Looks at the form alone. Nothing for what is no sealed report.
std::optional<SealedHeartbeat> parse_sealed(std::span<const std::uint8_t> bytes);
bool has_right_code(std::span<const std::uint8_t> bytes, const HeartbeatKey& key);

enum class HeartbeatDrop : std::uint8_t {
  malformed,  // no report at all
  unsigned_,  // we have a key, and it bears no code
  keyless,    // it bears a code, and we have no key
  code,       // made with another key, or changed on its way
  stale,      // does not answer what this run has sent a moment ago
  repeated,   // was taken already
};
inline constexpr std::size_t heartbeat_drops = 6;
// "malformed", "unsigned", "keyless", "wrong_code", "stale", "repeated"
const char* name_of(HeartbeatDrop drop);

// Seals what this run sends and judges what it hears; without a key reports go as they are.
class HeartbeatSeal {
 public:
  static constexpr std::size_t senders_max = 64;

  struct Verdict {
    std::optional<PeerReport> report;    // to be believed; else:
    std::optional<HeartbeatDrop> drop;   // nothing of both: it is our own
    std::optional<PeerReport> disputed;  // what it says, where it can be read: for complaints
  };

  explicit HeartbeatSeal(std::uint64_t run) : run_(run) {}

  // No key: reports are neither signed nor proven. `interval`: the longest between our reports.
  void configure(const std::optional<HeartbeatKey>& key, Duration interval);
  [[nodiscard]] bool has_key() const { return key_.has_value(); }

  // Gives the report its run and sequence.
  std::vector<std::uint8_t> seal(PeerReport report, Instant now);
  // `way`: by which path and from whom it came; sequences grow on each way.
  Verdict open(std::span<const std::uint8_t> bytes, std::string_view way, Instant now);

 private:
  struct Sender {
    std::uint64_t run = 0;
    std::uint64_t tick = 0;
    Instant heard_at{};
    bool proven = false;  // has answered us
  };
  struct Way {
    std::uint64_t run = 0;
    std::string text;
    std::uint64_t sequence = 0;
    Instant heard_at{};
  };

  void note_sender(const SealedHeartbeat& message, bool proven, Instant now);
  bool is_fresh(const SealedHeartbeat& message, Instant now) const;
  bool is_new(const PeerReport& report, std::string_view way, Instant now);
  [[nodiscard]] Duration patience(const PeerReport& report) const;

  std::uint64_t run_;
  std::uint64_t sequence_ = 0;
  std::optional<HeartbeatKey> key_;
  Duration interval_ = 50ms;
  std::vector<Sender> senders_;
  std::vector<Way> ways_;
};

}  // namespace baton::vrrp
