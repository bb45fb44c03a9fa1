// Values of the configuration's own variables: worked out at their first use and kept for the
// request, unless the map is volatile. The tables (regular expressions compiled) are made once for
// a configuration and shared by all threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model/proxy.h"
#include "config/model/variable.h"
#include "proxy/access/referer.h"
#include "proxy/request.h"
#include "proxy/routing/regex.h"

namespace baton::proxy {

class DefinedVariables final : public VariableSource {
 public:
  // `proxy` outlives it.
  explicit DefinedVariables(const config::Proxy& proxy);

  bool append(std::string& into, std::uint16_t index, const Request& request) const override;
  bool append_module(std::string& into, config::Variable variable,
                     const Request& request) const override;

  [[nodiscard]] std::int32_t find(std::string_view name) const override;
  // Compiles an expression whose named groups are variables.
  [[nodiscard]] std::optional<Regex> compile(const std::string& pattern, bool ignore_case) const;

 private:
  bool append_unassigned(std::string& into, const config::VariableDefinition& definition,
                         std::uint16_t index, const Request& request) const;
  bool append_looked_up(std::string& into, const config::VariableDefinition& definition,
                        std::uint16_t index, const Request& request) const;
  void append_mapped(std::string& into, const config::VariableDefinition& definition,
                     std::uint16_t index, const Request& request) const;

  const config::Proxy& proxy_;
  std::unordered_map<std::string_view, std::int32_t> places_;
  std::vector<std::vector<Regex>> patterns_;  // of maps, by variable
  Referers referers_;
};

// Puts the named groups of the match in request.captures into their variables.
void keep_named_captures(const Request& request);

// nginx's hash of split_clients (MurmurHash2, seed 0).
std::uint32_t murmur_hash2(std::string_view text);

}  // namespace baton::proxy
