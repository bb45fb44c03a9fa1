// Which location block of a server a path belongs to, precomputed: a hash for exact matches, a
// sorted table for prefixes in which each pattern knows the longest pattern that is a prefix of it
// (so the longest match is one binary search and a short walk), regular expressions in file order,
// nested locations the same way one level down.
//
// nginx's rule: an exact match ends the search. The longest prefix is remembered; its nested
// locations are searched; unless it says "^~", regular expressions of this level are tried and
// the first that matches wins; otherwise the prefix stands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model/proxy.h"
#include "proxy/routing/regex.h"
#include "proxy/routing/server_names.h"
#include "proxy/variables/defined_variables.h"

namespace baton::proxy {

class Locations {
 public:
  // `variables`, when given, ties named groups to variables.
  explicit Locations(const config::Server& server, const DefinedVariables* variables = nullptr);

  struct Found {
    std::uint32_t location = 0;  // index into config::Server::locations
    // The path lacks only the slash at the end of a location that proxies: redirect to it.
    bool add_slash = false;
    bool captured = false;  // an expression has matched and filled in the captures
  };
  // `path` is decoded and normalised. Groups of a regular expression go to `captures`.
  [[nodiscard]] Found find(std::string_view path, std::vector<Capture>& captures) const;
  // "@name"; nullopt when there is none.
  [[nodiscard]] std::optional<std::uint32_t> find_named(std::string_view name) const;

 private:
  struct Prefix {
    std::string text;
    std::uint32_t location;
    std::int32_t parent;  // the longest other pattern that is a prefix of this one, -1: none
    bool no_regex;
  };
  struct Pattern {
    Regex regex;
    std::uint32_t location;
  };
  // The locations of one level: the server's, or those nested in one location.
  struct Level {
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> exact;
    std::vector<Prefix> prefixes;  // sorted
    // Patterns of locations that proxy, without the slash at their end.
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> slash_missing;
    std::vector<Pattern> patterns;
  };
  enum class Outcome : std::uint8_t { none, prefix, final };

  void build_level(const config::Server& server, const std::vector<std::uint32_t>& members,
                   std::uint32_t owner);
  Outcome search(std::uint32_t owner, std::string_view path, std::vector<Capture>& captures,
                 Found& found) const;
  [[nodiscard]] const Prefix* longest_prefix(const Level& level, std::string_view path) const;

  const DefinedVariables* variables_;
  std::unordered_map<std::uint32_t, Level> levels_;  // by owner; 0 is the server itself
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> named_;
};

}  // namespace baton::proxy
