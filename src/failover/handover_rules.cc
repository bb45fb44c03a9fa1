// Writing the text.

#include "failover/handover_rules.h"

#include <fmt/format.h>

#include <map>
#include <ranges>
#include <utility>

namespace baton::failover {

namespace {

std::string set_name(unsigned set, FlowSet which, bool is_ipv4) {
  return fmt::format("{}{}_{}", which == FlowSet::moved ? "moved" : "own", is_ipv4 ? 4 : 6, set);
}

std::string key(bool is_ipv4) {
  const char* family = is_ipv4 ? "ip" : "ip6";
  return fmt::format("{0} saddr . tcp sport . {0} daddr . tcp dport", family);
}

// All rules of one address, which may have come from several nodes one after the other. A SYN
// begins something new, here, whatever was known of its ends; then what is known to live elsewhere
// goes there, by the newest list that has it: an address that went round may have brought back
// connections that an earlier giver has long sent elsewhere; then, while a handover runs, all that
// did not begin here.
void add_rules(std::string& text, const std::string& chain, std::span<const CaughtAddress> caught) {
  const net::IpAddress& address = caught.front().address;
  const bool is_ipv4 = address.is_ipv4();
  const char* family = is_ipv4 ? "ip" : "ip6";
  const std::string to_us =
      fmt::format("add rule netdev {} {} {} daddr {} ", rules_table, chain, family, address.text());
  const std::string syn = "tcp flags & (fin|syn|rst|ack) == syn ";
  const auto sets = [is_ipv4](const CaughtAddress& one) {
    return std::pair(set_name(one.set, FlowSet::own, is_ipv4),
                     set_name(one.set, FlowSet::moved, is_ipv4));
  };
  const auto forward = [family](const CaughtAddress& one) {
    return fmt::format("fwd {} to {} device \"{}\"\n", family, one.giver.text(), one.device);
  };
  for (const CaughtAddress& one : caught) {
    const auto [own, moved] = sets(one);
    text += fmt::format("{}{}{} @{} {{ {} }}\n", to_us, syn, one.catching ? "update" : "delete",
                        one.catching ? own : moved, key(is_ipv4));
  }
  text += fmt::format("{}{}accept\n", to_us, syn);
  for (const CaughtAddress& one : std::views::reverse(caught)) {
    if (one.catching) continue;
    text += fmt::format("{}{} @{} {}", to_us, key(is_ipv4), sets(one).second, forward(one));
  }
  for (const CaughtAddress& one : caught) {
    if (!one.catching) continue;
    text += fmt::format("{}{} @{} accept\n", to_us, key(is_ipv4), sets(one).first);
    text += fmt::format("{}meta l4proto tcp {}", to_us, forward(one));
  }
}

}  // namespace

std::string make_sets(unsigned set, Duration timeout) {
  std::string text = fmt::format("add table netdev {0} {{ flags owner; }}\n", rules_table);
  const auto seconds = std::max<std::int64_t>(to_ms(timeout) / 1000, 1);
  for (const bool is_ipv4 : {true, false}) {
    const char* type = is_ipv4 ? "ipv4_addr . inet_service . ipv4_addr . inet_service"
                               : "ipv6_addr . inet_service . ipv6_addr . inet_service";
    text += fmt::format(
        "add set netdev {} {} {{ type {}; flags dynamic,timeout; timeout {}s; "
        "size {}; }}\n",
        rules_table, set_name(set, FlowSet::moved, is_ipv4), type, seconds, moved_flows_max);
    // Only while the handover runs: long enough for that.
    text += fmt::format(
        "add set netdev {} {} {{ type {}; flags dynamic,timeout; timeout 60s; "
        "size {}; }}\n",
        rules_table, set_name(set, FlowSet::own, is_ipv4), type, moved_flows_max);
  }
  return text;
}

std::string remove_sets(unsigned set) {
  std::string text;
  for (const bool is_ipv4 : {true, false}) {
    for (const FlowSet which : {FlowSet::moved, FlowSet::own}) {
      text += fmt::format("delete set netdev {} {}\n", rules_table, set_name(set, which, is_ipv4));
    }
  }
  return text;
}

std::string caught_rules(const std::vector<CaughtAddress>& addresses) {
  std::map<std::string, std::string> chains;  // by device
  std::string text;
  std::map<std::pair<std::string, net::IpAddress>, std::vector<CaughtAddress>> known;
  for (const auto& caught : addresses) {
    known[{caught.device, caught.address}].push_back(caught);
    auto [entry, is_new] = chains.try_emplace(caught.device, "on_" + caught.device);
    if (is_new) {
      text += fmt::format(
          "add chain netdev {0} {1} {{ type filter hook ingress device \"{2}\" priority -300; "
          "policy accept; }}\nflush chain netdev {0} {1}\n",
          rules_table, entry->second, caught.device);
    }
  }
  for (const auto& [place, caught] : known) add_rules(text, chains[place.first], caught);
  return text;
}

std::string add_flows(unsigned set, FlowSet which, std::span<const Flow> flows) {
  std::string text;
  for (const bool is_ipv4 : {true, false}) {
    std::string elements;
    for (const Flow& flow : flows) {
      if (flow.local.address.is_ipv4() != is_ipv4) continue;
      if (!elements.empty()) elements += ", ";
      elements += fmt::format("{} . {} . {} . {}", flow.client.address.text(), flow.client.port,
                              flow.local.address.text(), flow.local.port);
    }
    if (elements.empty()) continue;
    text += fmt::format("add element netdev {} {} {{ {} }}\n", rules_table,
                        set_name(set, which, is_ipv4), elements);
  }
  return text;
}

std::string kept_rules(const std::vector<KeptAddress>& addresses) {
  std::string text = fmt::format(
      "add table arp {0} {{ flags owner; }}\n"
      "add chain arp {0} input {{ type filter hook input priority 0; }}\n"
      "add chain arp {0} output {{ type filter hook output priority 0; }}\n"
      "flush chain arp {0} input\nflush chain arp {0} output\n",
      rules_table);
  for (const auto& kept : addresses) {
    // Over IPv6 nobody answers for an address of another link.
    if (!kept.address.is_ipv4()) continue;
    text += fmt::format("add rule arp {} input arp daddr ip {} drop\n", rules_table,
                        kept.address.text());
    text += fmt::format("add rule arp {} output arp saddr ip {} arp saddr ip set {}\n", rules_table,
                        kept.address.text(), kept.real.text());
  }
  if (addresses.empty()) text += fmt::format("delete table arp {}\n", rules_table);
  return text;
}

}  // namespace baton::failover
