// Variables of the configuration's own making: set, map, geo, split_clients, values that a module
// puts down (auth_request_set), named groups of regular expressions. Each has a place in
// Proxy::variables; a request keeps its value in a slot of the same number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model/template_text.h"
#include "net/address.h"

namespace baton::config {

struct VariableTextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
// Keys in lower case, to a place in a list of values.
using ValueTable =
    std::unordered_map<std::string, std::uint32_t, VariableTextHash, std::equal_to<>>;

// A name in lower case: as it stands, then the longest "*.name", then the longest "name.*".
std::optional<std::uint32_t> find_by_name(const ValueTable& exact, const ValueTable& leading,
                                          const ValueTable& trailing, std::string_view name);

// map: strings (case does not matter), names with a star when `hostnames` was said, then regular
// expressions in their order, then the default.
struct MapTable {
  struct Pattern {
    std::string text;
    bool ignore_case = false;
    std::uint32_t value = 0;
  };
  std::vector<TemplateText> values;
  ValueTable exact;
  ValueTable leading;   // "*.example.com" as "example.com"
  ValueTable trailing;  // "mail.*" as "mail"
  std::vector<Pattern> patterns;
  std::optional<std::uint32_t> otherwise;  // absent: ""
  bool hostnames = false;

  // The value of `key` by its text alone, which is given in lower case.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view key) const;
};

// geo: the addresses of a family cut into stretches without overlap, sorted by where they start; a
// stretch reaches to the next one. Looking up is one binary search.
class GeoTable {
 public:
  struct Stretch {
    net::IpAddress first;
    std::int32_t value = -1;  // into `values`; -1: none
  };
  std::vector<std::string> values;
  std::vector<Stretch> ipv4;
  std::vector<Stretch> ipv6;
  std::vector<net::Prefix> proxies;
  bool proxy_recursive = false;

  // The value for `address`, "" where there is none.
  [[nodiscard]] std::string_view find(const net::IpAddress& address) const;
};

// split_clients: hashes below `below` have this value; 0 ends the list ("*").
struct SplitShare {
  std::uint32_t below = 0;
  TemplateText value;
};

struct VariableDefinition {
  enum class Kind : std::uint8_t {
    assigned,  // set and its like: "" before anybody has put something down
    captured,  // a named group: missing before its expression has matched
    filled,    // by a module (auth_request_set): missing before that
    map,
    geo,
    split
  };
  std::string name;
  Kind kind = Kind::captured;
  // map, geo, split_clients: the text that is looked up.
  TemplateText source;
  bool is_volatile = false;  // map: looked up anew at each use
  std::shared_ptr<const MapTable> map;
  std::shared_ptr<const GeoTable> geo;
  std::shared_ptr<const std::vector<SplitShare>> shares;
  // assigned: what the name means while nobody has set it (`set $http_x` hides a header).
  std::optional<TextPart> otherwise;
};

}  // namespace baton::config
