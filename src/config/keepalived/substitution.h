// `$NAME=value` definitions of keepalived.conf and their use, and the repetitions `~SEQ(...)` and
// `~LST(...)`. Replacement is recursive and happens where a name is used, not where it is defined;
// an undefined name stays as it is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace baton::config::keepalived {

class Definitions {
 public:
  // `config_id` is ${_INSTANCE}. It also seeds ${_RANDOM}: every process that reads the same text
  // on the same node must come to the same configuration.
  explicit Definitions(const std::string& config_id);

  void set(const std::string& name, std::string value) { values_[name] = std::move(value); }
  void seed_random(std::uint64_t seed) { random_ = Random(seed); }
  // `text` with all defined names replaced, up to the first whose value has several lines: the
  // rest is then for the caller to replace, line by line. Null when that does not end (a name that
  // contains itself) or gives more than 64 KiB.
  std::optional<std::string> replace(std::string_view text);

 private:
  std::optional<std::string> value_of(std::string_view name);

  std::map<std::string, std::string, std::less<>> values_;
  Random random_;
};

// A line that defines: "$NAME=value".
struct Definition {
  std::string name;
  std::string value;
};
std::optional<Definition> parse_definition(std::string_view line);

// A line that starts with ~SEQ(...), ~SEQx(...) or ~LST(...).
struct Repetition {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rounds;  // values for `names`, one entry a round
  std::string rest;                              // what is repeated
};
bool starts_repetition(std::string_view line);
// Null when the parentheses or the numbers make no sense, or for more than 65536 rounds.
std::optional<Repetition> parse_repetition(std::string_view line);

}  // namespace baton::config::keepalived
