// auth_hmac of an instance (keepalived 2.4):
//
//   auth_hmac {
//       key 1 "a secret"        # any number of them, ids 1 to 255
//       key 2 "the next one"
//       active_key 1            # signs what is sent; every key is believed
//       anti_replay on
//       time_window 30          # seconds that clocks may be apart, 0: not looked at
//       mode strict             # or permissive: adverts without an HMAC are believed as well
//   }
//
// Whatever is wrong with it is an error that ends the reading: an instance that was meant to be
// authenticated must not run without.

#include <fmt/format.h>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t shortest_secret = 16;
constexpr std::size_t keys_max = 16;
constexpr double time_window_longest_seconds = 3600;

class HmacBlock {
 public:
  HmacBlock(Reader& reader, InstanceDraft& draft)
      : reader_(reader), draft_(draft), hmac_(draft.instance.wire.hmac) {}

  void read(const Statement& block) {
    hmac_ = {};
    for (const Statement& statement : block.block) {
      if (statement.keyword() != "{") read_line(statement);
    }
    if (hmac_.keys.empty()) return refuse(block.where, "auth_hmac has no key");
    if (hmac_.active_key == 0) hmac_.active_key = hmac_.keys.front().id;
    if (!hmac_.find(hmac_.active_key)) {
      refuse(block.where, fmt::format("auth_hmac has no key {}", hmac_.active_key));
    }
  }

 private:
  void refuse(const Position& where, const std::string& why) {
    reader_.diagnostics.error(where, fmt::format("({}) {}", draft_.instance.name, why));
  }

  void read_line(const Statement& statement) {
    const std::string& keyword = statement.keyword();
    if (keyword == "key") {
      read_key(statement);
    } else if (keyword == "active_key") {
      if (const auto id = read_id(statement)) hmac_.active_key = *id;
    } else if (keyword == "anti_replay") {
      hmac_.anti_replay = reader_.boolean(statement).value_or(true);
    } else if (keyword == "time_window") {
      const auto window =
          reader_.seconds(statement, 1, 0, time_window_longest_seconds, "time_window stays 30 s");
      if (window) hmac_.time_window = *window;
    } else if (keyword == "mode") {
      read_mode(statement);
    } else {
      refuse(statement.where, fmt::format("unknown word '{}' in auth_hmac", keyword));
    }
  }

  std::optional<std::uint8_t> read_id(const Statement& statement) {
    const auto id = parse_unsigned(statement.word(1), 255);
    if (id && *id > 0) return static_cast<std::uint8_t>(*id);
    refuse(statement.place(1), fmt::format("'{}' is no key id: 1 to 255 are", statement.word(1)));
    return std::nullopt;
  }

  void read_key(const Statement& statement) {
    const auto id = read_id(statement);
    if (!id) return;
    const std::string& secret = statement.word(2);
    if (secret.empty()) {
      return refuse(statement.where, fmt::format("key {} has no secret", *id));
    }
    if (hmac_.find(*id)) return refuse(statement.place(1), fmt::format("a second key {}", *id));
    if (hmac_.keys.size() >= keys_max) {
      return refuse(statement.where, fmt::format("more than {} keys", keys_max));
    }
    if (secret.size() < shortest_secret) {
      reader_.diagnostics.warning(
          statement.place(2), fmt::format("({}) key {} is shorter than {} characters: an advert "
                                          "is enough to guess it from",
                                          draft_.instance.name, *id, shortest_secret));
    }
    hmac_.keys.push_back({*id, secret});
  }

  void read_mode(const Statement& statement) {
    const std::string& mode = statement.word(1);
    if (mode != "strict" && mode != "permissive") {
      return refuse(statement.place(1),
                    fmt::format("'{}' is no mode: strict and permissive are", mode));
    }
    hmac_.required = mode == "strict";
  }

  Reader& reader_;
  InstanceDraft& draft_;
  vrrp::HmacSettings& hmac_;
};

}  // namespace

void read_hmac(Reader& reader, InstanceDraft& draft, const Statement& block) {
  HmacBlock(reader, draft).read(block);
}

}  // namespace baton::config::keepalived
