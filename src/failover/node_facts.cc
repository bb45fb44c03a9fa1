// Collecting, encoding and comparing facts.

#include "failover/node_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "config/model/option_places.h"
#include "vrrp/heartbeat.h"

namespace baton::failover {

namespace {

using nlohmann::json;

constexpr std::size_t instances_max = 1024;
constexpr std::size_t text_max = 4096;

// Enough to tell two passwords apart without saying either.
std::string password_digest(const std::string& password) {
  std::uint64_t digest = 0xcbf29ce484222325u;
  for (const char letter : "baton:" + password) {
    digest = (digest ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  }
  return fmt::format("{:08x}", static_cast<std::uint32_t>(digest >> 32 ^ digest));
}

std::string address_list(const config::VrrpInstance& instance) {
  std::vector<std::string> list;
  list.reserve(instance.addresses.size());
  for (const auto& address : instance.addresses) list.push_back(address.prefix.address.text());
  std::ranges::sort(list);
  return fmt::format("{}", fmt::join(list, " "));
}

std::string detection(const config::FastFailover& fast) {
  return fast.enabled ? fmt::format("{:g}ms {}", to_seconds(fast.interval) * 1000, fast.multiplier)
                      : "off";
}

InstanceFacts facts_of(const config::VrrpInstance& instance, const config::FastFailover& usual) {
  InstanceFacts found;
  found.name = instance.name;
  found.virtual_router_id = instance.virtual_router_id;
  found.ipv6 = !instance.addresses.empty() && !instance.addresses[0].prefix.address.is_ipv4();
  const auto add = [&](const char* keyword, std::string value) {
    found.facts[keyword] = {std::move(value),
                            config::place_text(instance.places, keyword, instance.where)};
  };
  add("virtual_router_id", std::to_string(instance.virtual_router_id));
  add("version", std::to_string(instance.version));
  add("advert_int", fmt::format("{:g} s", to_seconds(instance.advert_interval)));
  add("priority", std::to_string(instance.priority));
  add("virtual_ipaddress", address_list(instance));
  add("unicast_peer", instance.unicast_peers.empty() ? "multicast" : "unicast");
  add("nopreempt", instance.nopreempt ? "nopreempt" : "preempt");
  const bool has_password = !instance.password.empty();
  const bool has_header = instance.auth == config::VrrpAuth::header;
  add("auth_type", has_header ? "AH" : has_password ? "PASS" : "none");
  if (has_password) add("auth_pass", password_digest(instance.password));
  add("fast_failover", detection(instance.fast_failover.value_or(usual)));
  if (!instance.fast_failover) found.facts["fast_failover"].line.clear();  // that of global_defs
  return found;
}

const InstanceFacts* find_partner(const InstanceFacts& ours, const NodeFacts& theirs) {
  const InstanceFacts* by_number = nullptr;
  for (const auto& other : theirs.instances) {
    if (other.ipv6 != ours.ipv6) continue;
    if (other.name == ours.name) return &other;
    if (other.virtual_router_id == ours.virtual_router_id && !by_number) by_number = &other;
  }
  return by_number;
}

std::string difference_text(const std::string& keyword, const Fact& ours, const Fact& theirs) {
  if (keyword == "priority") {
    return fmt::format("both have priority {}: who becomes master is a matter of addresses",
                       ours.value);
  }
  if (keyword == "auth_pass") return "the passwords differ";
  return fmt::format("{} here, {} there", ours.value.empty() ? "nothing" : ours.value,
                     theirs.value.empty() ? "nothing" : theirs.value);
}

std::string short_text(const json& value) {
  return value.is_string() ? value.get<std::string>().substr(0, text_max) : "";
}

}  // namespace

NodeFacts facts_of(const config::Failover& config) {
  NodeFacts facts;
  facts.router_id = config.router_id;
  for (const auto& instance : config.instances) {
    facts.instances.push_back(facts_of(instance, config.fast_failover));
  }
  return facts;
}

std::string NodeFacts::encode() const {
  json list = json::array();
  for (const auto& instance : instances) {
    json facts = json::object();
    for (const auto& [keyword, fact] : instance.facts) facts[keyword] = {fact.value, fact.line};
    list.push_back({{"name", instance.name},
                    {"vrid", instance.virtual_router_id},
                    {"ipv6", instance.ipv6},
                    {"facts", facts}});
  }
  return json_text({{"router_id", router_id}, {"instances", list}});
}

std::optional<NodeFacts> NodeFacts::decode(std::string_view text) {
  const json value = parse_json(text);
  if (!value.is_object() || !value.contains("instances") || !value["instances"].is_array() ||
      value["instances"].size() > instances_max) {
    return std::nullopt;
  }
  NodeFacts facts;
  facts.router_id = short_text(value.value("router_id", json()));
  for (const json& item : value["instances"]) {
    const bool is_whole = item.is_object() && item.contains("vrid") &&
                          item["vrid"].is_number_unsigned() && item.contains("facts") &&
                          item["facts"].is_object();
    if (!is_whole) return std::nullopt;
    InstanceFacts instance;
    instance.name = short_text(item.value("name", json()));
    instance.virtual_router_id = static_cast<unsigned>(item["vrid"].get<std::uint64_t>() & 0xff);
    instance.ipv6 = item.contains("ipv6") && item["ipv6"] == true;
    for (const auto& [keyword, fact] : item["facts"].items()) {
      if (!fact.is_array() || fact.size() != 2 || instance.facts.size() >= 64) return std::nullopt;
      instance.facts[keyword.substr(0, 64)] = {short_text(fact[0]), short_text(fact[1])};
    }
    facts.instances.push_back(std::move(instance));
  }
  return facts;
}

std::vector<Disagreement> compare(const NodeFacts& ours, const NodeFacts& theirs) {
  std::vector<Disagreement> found;
  for (const auto& instance : ours.instances) {
    const InstanceFacts* partner = find_partner(instance, theirs);
    if (!partner) {
      const auto own = instance.facts.find("virtual_router_id");
      found.push_back({instance.name, "virtual_router_id", "the other node has no such instance",
                       own == instance.facts.end() ? "" : own->second.line, ""});
      continue;
    }
    if (partner->name != instance.name) {
      const auto line = [](const InstanceFacts& of) {
        const auto known = of.facts.find("virtual_router_id");
        return known == of.facts.end() ? std::string() : known->second.line;
      };
      found.push_back({instance.name, "vrrp_instance",
                       fmt::format("it is called {} there, and moves over the pair link go by the "
                                   "name",
                                   partner->name),
                       line(instance), line(*partner)});
    }
    for (const auto& [keyword, fact] : instance.facts) {
      const auto other = partner->facts.find(keyword);
      if (other == partner->facts.end()) continue;
      const bool same = fact.value == other->second.value;
      const bool may_be_the_same = keyword != "priority";
      if (same == may_be_the_same) continue;
      found.push_back({instance.name, keyword, difference_text(keyword, fact, other->second),
                       fact.line, other->second.line});
    }
  }
  return found;
}

}  // namespace baton::failover
