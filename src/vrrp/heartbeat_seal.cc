// Codes, echoes, and what was heard by which way.

#include "vrrp/heartbeat_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/assert.h"
#include "net/bytes.h"

namespace baton::vrrp {

namespace {

constexpr std::array<std::uint8_t, 4> sealed_magic{'b', 'h', 's', '1'};
constexpr std::string_view purpose = "baton heartbeat report 1";
// Older things are forgotten: what comes of them is stale by then in any case.
constexpr Duration memory = 5min;

using Digest = std::array<std::uint8_t, 32>;

Digest hmac_sha256(std::span<const std::uint8_t> key, std::span<const std::uint8_t> text) {
  Digest digest{};
  unsigned size = 0;
  const auto* done = ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), text.data(),
                            text.size(), digest.data(), &size);
  BATON_ASSERT(done && size == digest.size());
  return digest;
}

// Milliseconds of this machine's clock; only its owner reads it.
std::uint64_t tick_at(Instant now) {
  return static_cast<std::uint64_t>(to_ms(now.time_since_epoch()));
}

}  // namespace

HeartbeatKey derive_heartbeat_key(std::span<const std::uint8_t> pair_key) {
  return hmac_sha256(
      pair_key, std::span(reinterpret_cast<const std::uint8_t*>(purpose.data()), purpose.size()));
}

std::vector<std::uint8_t> encode_sealed(const SealedHeartbeat& message, const HeartbeatKey& key) {
  BATON_ASSERT(message.echoes.size() <= heartbeat_echoes_max);
  net::ByteWriter writer;
  writer.append(sealed_magic);
  writer.u64(message.tick);
  writer.u8(static_cast<std::uint8_t>(message.echoes.size()));
  for (const HeartbeatEcho& echo : message.echoes) {
    writer.u64(echo.run);
    writer.u64(echo.tick);
  }
  writer.append(encode_heartbeat(message.report));
  const Digest digest = hmac_sha256(key, writer.bytes());
  writer.append(std::span(digest).first<heartbeat_code_size>());
  return writer.take();
}

std::optional<SealedHeartbeat> parse_sealed(std::span<const std::uint8_t> bytes) {
  net::ByteReader reader(bytes);
  if (!std::ranges::equal(reader.take(sealed_magic.size()), sealed_magic)) return std::nullopt;
  SealedHeartbeat message;
  message.tick = reader.u64();
  const std::size_t echoes = reader.u8();
  if (echoes > heartbeat_echoes_max) return std::nullopt;
  for (std::size_t i = 0; i < echoes; ++i) {
    const std::uint64_t run = reader.u64();
    message.echoes.push_back({run, reader.u64()});
  }
  if (!reader.ok() || reader.left() < heartbeat_code_size) return std::nullopt;
  auto report = parse_heartbeat(reader.take(reader.left() - heartbeat_code_size));
  if (!report) return std::nullopt;
  message.report = std::move(*report);
  return message;
}

bool has_right_code(std::span<const std::uint8_t> bytes, const HeartbeatKey& key) {
  if (bytes.size() < heartbeat_code_size) return false;
  const Digest digest = hmac_sha256(key, bytes.first(bytes.size() - heartbeat_code_size));
  return ::CRYPTO_memcmp(digest.data(), bytes.last(heartbeat_code_size).data(),
                         heartbeat_code_size) == 0;
}

const char* name_of(HeartbeatDrop drop) {
  static constexpr std::array<const char*, heartbeat_drops> names{
      "malformed", "unsigned", "keyless", "wrong_code", "stale", "repeated"};
  return names[static_cast<std::size_t>(drop)];
}

void HeartbeatSeal::configure(const std::optional<HeartbeatKey>& key, Duration interval) {
  if (key != key_) {
    senders_.clear();
    ways_.clear();
  }
  key_ = key;
  interval_ = interval;
}

std::vector<std::uint8_t> HeartbeatSeal::seal(PeerReport report, Instant now) {
  report.run = run_;
  report.sequence = ++sequence_;
  if (!key_) return encode_heartbeat(report);
  SealedHeartbeat message;
  message.tick = tick_at(now);
  message.report = std::move(report);
  for (const Sender& sender : senders_) message.echoes.push_back({sender.run, sender.tick});
  return encode_sealed(message, *key_);
}

HeartbeatSeal::Verdict HeartbeatSeal::open(std::span<const std::uint8_t> bytes,
                                           std::string_view way, Instant now) {
  auto plain = parse_heartbeat(bytes);
  if (plain) {
    if (plain->run == run_) return {};
    if (key_) return {{}, HeartbeatDrop::unsigned_, std::move(plain)};
    return {std::move(plain), {}, {}};
  }
  auto message = parse_sealed(bytes);
  if (!message) return {{}, HeartbeatDrop::malformed, {}};
  if (message->report.run == run_) return {};
  if (!key_) return {{}, HeartbeatDrop::keyless, std::move(message->report)};
  if (!has_right_code(bytes, *key_)) {
    return {{}, HeartbeatDrop::code, std::move(message->report)};
  }
  const bool fresh = is_fresh(*message, now);
  note_sender(*message, fresh, now);
  if (!fresh) return {{}, HeartbeatDrop::stale, std::move(message->report)};
  if (!is_new(message->report, way, now)) {
    return {{}, HeartbeatDrop::repeated, std::move(message->report)};
  }
  return {std::move(message->report), {}, {}};
}

// Our tick goes with our next report, comes back with theirs; some of each may get lost.
Duration HeartbeatSeal::patience(const PeerReport& report) const {
  return std::clamp<Duration>(4 * (interval_ + report.heartbeat_interval), 1s, 120s);
}

bool HeartbeatSeal::is_fresh(const SealedHeartbeat& message, Instant now) const {
  const auto echo = std::ranges::find(message.echoes, run_, &HeartbeatEcho::run);
  if (echo == message.echoes.end()) return false;
  const std::uint64_t tick = tick_at(now);
  return echo->tick <= tick &&
         tick - echo->tick <= static_cast<std::uint64_t>(to_ms(patience(message.report)));
}

// A recording may bring runs that are long over: they never push out one that has answered us.
void HeartbeatSeal::note_sender(const SealedHeartbeat& message, bool proven, Instant now) {
  std::erase_if(senders_, [now](const Sender& one) { return now - one.heard_at > memory; });
  auto known = std::ranges::find(senders_, message.report.run, &Sender::run);
  if (known == senders_.end()) {
    if (senders_.size() >= heartbeat_echoes_max) {
      const auto rank = [](const Sender& one) { return std::pair(one.proven, one.heard_at); };
      senders_.erase(std::ranges::min_element(senders_, {}, rank));
    }
    senders_.push_back({message.report.run, message.tick, now, proven});
    return;
  }
  if (message.tick >= known->tick) {
    known->tick = message.tick;
    known->heard_at = now;
  }
  known->proven = known->proven || proven;
}

bool HeartbeatSeal::is_new(const PeerReport& report, std::string_view way, Instant now) {
  std::erase_if(ways_, [now](const Way& one) { return now - one.heard_at > memory; });
  const auto known = std::ranges::find_if(
      ways_, [&](const Way& one) { return one.run == report.run && one.text == way; });
  if (known != ways_.end()) {
    if (report.sequence <= known->sequence) return false;
    known->sequence = report.sequence;
    known->heard_at = now;
    return true;
  }
  if (ways_.size() >= senders_max) {
    ways_.erase(std::ranges::min_element(ways_, {}, &Way::heard_at));
  }
  ways_.push_back({report.run, std::string(way), report.sequence, now});
  return true;
}

}  // namespace baton::vrrp
