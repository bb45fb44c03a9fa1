// Which server block a host name belongs to, for one listening address: hashes for exact names and
// wildcards, regular expressions in order, the default server otherwise. nginx's order: exact,
// longest "*.name", longest "name.*", first matching regular expression.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model/proxy.h"
#include "proxy/routing/regex.h"

namespace baton::proxy {

class DefinedVariables;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

class ServerNames {
 public:
  // The first server block of a name wins.
  // `variables`, when given, ties named groups to variables.
  ServerNames(const config::Proxy& proxy, const config::Listener& listener,
              const DefinedVariables* variables = nullptr);

  // Index into config::Proxy::servers. `host` is in lower case, without port, "" when unknown.
  // A regular expression leaves its groups in `captures`.
  [[nodiscard]] std::uint32_t find(std::string_view host, std::vector<Capture>& captures) const;

 private:
  using Table = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;
  struct Pattern {
    Regex regex;
    std::uint32_t server;
  };
  void add(const config::ServerName& name, std::uint32_t server, const DefinedVariables* variables);

  std::uint32_t default_server_;
  bool only_default_;  // one server and no groups to capture: nothing to look up
  Table exact_;
  Table leading_;   // "*.example.com" as "example.com"
  Table trailing_;  // "mail.*" as "mail"
  std::vector<Pattern> patterns_;
};

}  // namespace baton::proxy
