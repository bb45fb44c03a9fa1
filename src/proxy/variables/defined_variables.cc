// map, geo, split_clients and what `set` put down.

#include "proxy/variables/defined_variables.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/text.h"
#include "proxy/client/forwarded.h"
#include "proxy/logs/error_log.h"
#include "proxy/variables/module_variables.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using config::VariableDefinition;
using Kind = VariableDefinition::Kind;

// Values may be made of values so deep; more is a cycle.
constexpr int depth_max = 100;

std::string_view text_of(const config::TemplateText& text, std::string& space,
                         const Request& request) {
  if (text.is_literal()) return text.literal();
  append_text(space, text, request);
  return space;
}

// The address that a geo block judges.
net::IpAddress judged_address(const VariableDefinition& definition, const Request& request) {
  const auto& parts = definition.source.parts;
  net::IpAddress address = net::IpAddress::ipv4(255, 255, 255, 255);
  if (parts.size() == 1 && parts[0].variable == config::Variable::remote_addr) {
    address = request.client->client.address;
  } else {
    std::string text;
    append_text(text, definition.source, request);
    if (const auto parsed = net::IpAddress::parse(text)) address = *parsed;
  }
  const config::GeoTable& table = *definition.geo;
  if (table.proxies.empty()) return address;
  return forwarded_address(address, request.head.headers, http::HeaderId::x_forwarded_for,
                           table.proxies, table.proxy_recursive)
      .address;
}

void append_share(std::string& into, const VariableDefinition& definition, const Request& request) {
  std::string space;
  const std::uint32_t hash = murmur_hash2(text_of(definition.source, space, request));
  for (const config::SplitShare& share : *definition.shares) {
    if (share.below != 0 && hash >= share.below) continue;
    append_text(into, share.value, request);
    return;
  }
}

}  // namespace

DefinedVariables::DefinedVariables(const config::Proxy& proxy) : proxy_(proxy), referers_(proxy) {
  for (std::size_t i = 0; i < proxy.variables.size(); ++i) {
    places_.emplace(proxy.variables[i]->name, static_cast<std::int32_t>(i));
  }
  patterns_.resize(proxy.variables.size());
  for (std::size_t i = 0; i < proxy.variables.size(); ++i) {
    if (!proxy.variables[i]->map) continue;
    for (const auto& pattern : proxy.variables[i]->map->patterns) {
      auto regex = compile(pattern.text, pattern.ignore_case);
      // The configuration has been checked: a pattern that does not compile is none.
      patterns_[i].push_back(regex ? std::move(*regex) : Regex{});
    }
  }
}

std::int32_t DefinedVariables::find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? -1 : found->second;
}

std::optional<Regex> DefinedVariables::compile(const std::string& pattern, bool ignore_case) const {
  auto regex = Regex::compile(pattern, ignore_case);
  if (regex) regex->bind([this](std::string_view name) { return find(lowered(name)); });
  return regex;
}

bool DefinedVariables::append(std::string& into, std::uint16_t index,
                              const Request& request) const {
  const VariableDefinition& definition = *proxy_.variables[index];
  switch (definition.kind) {
    case Kind::assigned:
      return append_unassigned(into, definition, index, request);
    case Kind::captured:
    case Kind::filled:
      return false;
    default:
      return append_looked_up(into, definition, index, request);
  }
}

bool DefinedVariables::append_module(std::string& into, config::Variable variable,
                                     const Request& request) const {
  if (variable == config::Variable::invalid_referer) {
    if (!referers_.accept(request)) into += '1';
    return true;
  }
  return append_module_variable(into, variable, request);
}

bool DefinedVariables::append_unassigned(std::string& into, const VariableDefinition& definition,
                                         std::uint16_t index, const Request& request) const {
  if (definition.otherwise) return append_variable(into, *definition.otherwise, request);
  request.defined.assign(index, "");
  if (request.error_log && (!request.location || request.location->uninitialized_variable_warn)) {
    request.error_log->write(LogLevel::warning, request,
                             fmt::format("using uninitialized \"{}\" variable", definition.name));
  }
  return true;
}

bool DefinedVariables::append_looked_up(std::string& into, const VariableDefinition& definition,
                                        std::uint16_t index, const Request& request) const {
  DefinedValues& values = request.defined;
  if (values.depth >= depth_max) {
    if (request.error_log) {
      request.error_log->write(
          LogLevel::error, request,
          fmt::format("cycle while evaluating variable \"{}\"", definition.name));
    }
    return false;
  }
  ++values.depth;
  const std::size_t start = into.size();
  switch (definition.kind) {
    case Kind::map:
      append_mapped(into, definition, index, request);
      break;
    case Kind::geo:
      into += definition.geo->find(judged_address(definition, request));
      break;
    default:
      append_share(into, definition, request);
      break;
  }
  --values.depth;
  if (!definition.is_volatile) {
    values.assign(index, request.arena.store(std::string_view(into).substr(start)));
  }
  return true;
}

void DefinedVariables::append_mapped(std::string& into, const VariableDefinition& definition,
                                     std::uint16_t index, const Request& request) const {
  const config::MapTable& table = *definition.map;
  std::string space;
  std::string_view key = text_of(definition.source, space, request);
  if (table.hostnames && key.ends_with('.')) key.remove_suffix(1);
  std::optional<std::uint32_t> value = table.find(lowered(key));
  if (!value && !patterns_[index].empty()) {
    const std::string_view subject = request.arena.store(key);
    for (std::size_t i = 0; i < table.patterns.size() && !value; ++i) {
      if (patterns_[index][i].match(subject, request)) value = table.patterns[i].value;
    }
  }
  if (!value) value = table.otherwise;
  if (value) append_text(into, table.values[*value], request);
}

void keep_named_captures(const Request& request) {
  for (const Capture& capture : request.captures) {
    if (capture.variable < 0) continue;
    request.defined.assign(static_cast<std::size_t>(capture.variable), capture.text);
  }
}

std::uint32_t murmur_hash2(std::string_view text) {
  constexpr std::uint32_t factor = 0x5bd1e995;
  auto hash = static_cast<std::uint32_t>(text.size());
  while (text.size() >= 4) {
    std::uint32_t word = 0;
    for (int i = 3; i >= 0; --i) {
      word = word << 8 | static_cast<unsigned char>(text[static_cast<std::size_t>(i)]);
    }
    word *= factor;
    word ^= word >> 24;
    word *= factor;
    hash *= factor;
    hash ^= word;
    text.remove_prefix(4);
  }
  if (!text.empty()) {
    for (std::size_t i = text.size(); i-- > 0;) {
      hash ^= std::uint32_t{static_cast<unsigned char>(text[i])} << 8 * i;
    }
    hash *= factor;
  }
  hash ^= hash >> 13;
  hash *= factor;
  return hash ^ hash >> 15;
}

}  // namespace baton::proxy
