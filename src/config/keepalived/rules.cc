// virtual_rules and static_rules: lines in the words of `ip rule add`.

#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <netdb.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/route_names.h"

namespace baton::config::keepalived {

namespace {

struct ActionName {
  std::string_view name;
  std::uint8_t number;
};
constexpr ActionName actions[] = {{"blackhole", FR_ACT_BLACKHOLE},
                                  {"unreachable", FR_ACT_UNREACHABLE},
                                  {"prohibit", FR_ACT_PROHIBIT},
                                  {"nop", FR_ACT_NOP}};

// "LOW-HIGH", or one number for both; nothing when it is neither.
template <typename Number>
std::optional<std::pair<Number, Number>> parse_range(std::string_view text, std::uint32_t most) {
  const std::size_t dash = text.find('-');
  const auto low = parse_unsigned(text.substr(0, dash), most);
  const auto high =
      dash == std::string_view::npos ? low : parse_unsigned(text.substr(dash + 1), most);
  if (!low || !high || *low > *high) return std::nullopt;
  return std::pair(static_cast<Number>(*low), static_cast<Number>(*high));
}

class RuleLine {
 public:
  RuleLine(Reader& reader, const Statement& statement, bool is_static)
      : words_(reader, statement), is_static_(is_static) {}

  std::optional<RoutingRule> read() {
    rule_.where = words_.statement().where;
    rule_.action = FR_ACT_UNSPEC;
    for (const Word& word : words_.statement().words) {
      rule_.text += (rule_.text.empty() ? "" : " ") + word.text;
    }
    while (!words_.at_end()) {
      if (!read_option(words_.take())) return std::nullopt;
    }
    if (!settle()) return std::nullopt;
    return std::move(rule_);
  }
  [[nodiscard]] bool has_priority() const { return has_priority_; }

 private:
  bool read_option(const std::string& word) {
    for (const ActionName& action : actions) {
      if (action.name == word) return set_action(action.number);
    }
    for (const Option& option : options) {
      if (option.name == word) return (this->*option.read)();
    }
    if (word == "nat" || word == "unicast" || word == "local") {
      return words_.complain(fmt::format("Invalid rule action {}", word));
    }
    return words_.complain(fmt::format("Unknown rule option {}", word));
  }

  bool set_action(std::uint8_t number) {
    if (rule_.action != FR_ACT_UNSPEC) {
      return words_.complain(
          "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule");
    }
    rule_.action = number;
    return true;
  }

  bool take_family(net::Family family) {
    if (family_ && *family_ != family) {
      return words_.complain("rule specification has mixed IPv4 and IPv6");
    }
    family_ = family;
    return true;
  }

  bool read_prefix(std::optional<net::Prefix>& into) {
    const std::string* text = words_.value();
    if (!text) return false;
    if (*text == "all" || *text == "any" || *text == "default") return true;
    const auto prefix = net::Prefix::parse(*text);
    if (!prefix) {
      return words_.complain(fmt::format("VRRP parsed invalid IP {}. skipping IP...", *text));
    }
    // A prefix of everything is what a rule without one says.
    if (prefix->length > 0) into = *prefix;
    return take_family(prefix->address.family());
  }

  bool from() { return read_prefix(rule_.from); }
  bool to() { return read_prefix(rule_.to); }
  bool invert() {
    rule_.inverted = true;
    return true;
  }
  bool in_device() {
    const auto name = words_.device();
    if (name) rule_.in_device = *name;
    return name.has_value();
  }
  bool out_device() {
    const auto name = words_.device();
    if (name) rule_.out_device = *name;
    return name.has_value();
  }
  bool table() {
    const auto value = words_.named(RouteName::table, "Routing table", UINT32_MAX);
    if (!value) return false;
    if (*value == 0) return words_.complain("Table 0 is not valid");
    rule_.table = *value;
    return set_action(FR_ACT_TO_TBL);
  }
  bool target() {
    rule_.target = words_.number("goto target", 1, UINT32_MAX);
    return rule_.target && set_action(FR_ACT_GOTO);
  }
  bool type() {
    const std::string* text = words_.value();
    if (!text) return false;
    for (const ActionName& action : actions) {
      if (action.name == *text) return set_action(action.number);
    }
    return words_.complain(fmt::format("Invalid rule action {}", *text));
  }
  bool priority() {
    const auto value = words_.number("rule preference", 0, UINT32_MAX);
    if (value) rule_.priority = *value;
    has_priority_ = value.has_value();
    return has_priority_;
  }
  bool tos() {
    const auto value = words_.named(RouteName::dsfield, "TOS value", 255);
    if (value) rule_.tos = static_cast<std::uint8_t>(*value);
    return value.has_value();
  }
  bool mark() {
    const std::string* text = words_.value();
    if (!text) return false;
    const std::size_t slash = text->find('/');
    rule_.mark = parse_any_base(text->substr(0, slash));
    if (slash != std::string::npos) rule_.mark_mask = parse_any_base(text->substr(slash + 1));
    if (rule_.mark && (slash == std::string::npos || rule_.mark_mask)) return true;
    return words_.complain(fmt::format("Invalid rule fwmark {} specified", *text));
  }
  bool realms() {
    rule_.realms = words_.realms("rule");
    return rule_.realms.has_value();
  }
  bool suppress_prefix() {
    rule_.suppress_prefix_length = words_.number("suppress_prefixlength", 0, 128);
    return rule_.suppress_prefix_length.has_value();
  }
  bool suppress_group() {
    rule_.suppress_group = words_.named(RouteName::group, "suppress_ifgroup", INT32_MAX);
    return rule_.suppress_group.has_value();
  }
  bool ip_protocol() {
    const std::string* text = words_.value();
    if (!text) return false;
    if (const auto number = parse_unsigned(*text, 255)) {
      rule_.ip_protocol = static_cast<std::uint8_t>(*number);
    } else if (const protoent* entry = ::getprotobyname(lowered(*text).c_str())) {
      rule_.ip_protocol = static_cast<std::uint8_t>(entry->p_proto);
    }
    return rule_.ip_protocol || words_.complain(fmt::format("Invalid ipproto {}", *text));
  }
  bool source_ports() { return ports("sport", rule_.source_ports); }
  bool destination_ports() { return ports("dport", rule_.destination_ports); }
  bool ports(std::string_view what, std::optional<std::pair<std::uint16_t, std::uint16_t>>& into) {
    const std::string* text = words_.value();
    if (!text) return false;
    into = parse_range<std::uint16_t>(*text, 65535);
    return into || words_.complain(fmt::format("invalid {} range {}", what, *text));
  }
  bool users() {
    const std::string* text = words_.value();
    if (!text) return false;
    rule_.users = parse_range<std::uint32_t>(*text, UINT32_MAX);
    return rule_.users || words_.complain(fmt::format("Invalid uidrange {} specified", *text));
  }
  bool l3mdev() {
    rule_.l3mdev = true;
    return true;
  }
  bool protocol() {
    const auto value = words_.named(RouteName::protocol, "Protocol", 255);
    if (value) rule_.protocol = static_cast<std::uint8_t>(*value);
    has_protocol_ = value.has_value();
    return has_protocol_;
  }
  bool inet() { return take_family(net::Family::ipv4); }
  bool inet6() { return take_family(net::Family::ipv6); }
  bool no_track() {
    rule_.tracked = false;
    return true;
  }
  bool track_group() {
    if (!is_static_) return words_.complain("Unknown rule option track_group");
    const std::string* name = words_.value();
    if (name) rule_.track_group = *name;
    return name != nullptr;
  }

  bool settle() {
    rule_.family = family_.value_or(net::Family::ipv4);
    if (rule_.l3mdev && !set_l3mdev()) return false;
    if (rule_.action == FR_ACT_UNSPEC) {
      return words_.complain("No action specified for rule - ignoring");
    }
    if (rule_.target && !has_priority_) {
      return words_.complain(
          fmt::format("Invalid rule - goto target {} specified without preference", *rule_.target));
    }
    if (rule_.target && rule_.priority >= *rule_.target) {
      return words_.complain(fmt::format("Invalid rule - preference {} >= goto target {}",
                                         rule_.priority, *rule_.target));
    }
    if (rule_.tracked && rule_.protocol != route_protocol) {
      words_.warn(
          "Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol");
      rule_.protocol = route_protocol;
    }
    // As keepalived puts it: a rule that is not tracked has the protocol that it says, or none.
    if (!rule_.tracked && !has_protocol_) rule_.protocol = 0;
    return true;
  }
  bool set_l3mdev() {
    if (rule_.action != FR_ACT_UNSPEC) {
      return words_.complain("Cannot specify l3mdev with other action");
    }
    rule_.action = FR_ACT_TO_TBL;
    return true;
  }

  struct Option {
    std::string_view name;
    bool (RuleLine::*read)();
  };
  static constexpr Option options[] = {{"from", &RuleLine::from},
                                       {"to", &RuleLine::to},
                                       {"not", &RuleLine::invert},
                                       {"iif", &RuleLine::in_device},
                                       {"dev", &RuleLine::in_device},
                                       {"oif", &RuleLine::out_device},
                                       {"table", &RuleLine::table},
                                       {"lookup", &RuleLine::table},
                                       {"goto", &RuleLine::target},
                                       {"type", &RuleLine::type},
                                       {"preference", &RuleLine::priority},
                                       {"priority", &RuleLine::priority},
                                       {"order", &RuleLine::priority},
                                       {"tos", &RuleLine::tos},
                                       {"dsfield", &RuleLine::tos},
                                       {"fwmark", &RuleLine::mark},
                                       {"realms", &RuleLine::realms},
                                       {"suppress_prefixlength", &RuleLine::suppress_prefix},
                                       {"sup_pl", &RuleLine::suppress_prefix},
                                       {"suppress_ifgroup", &RuleLine::suppress_group},
                                       {"sup_group", &RuleLine::suppress_group},
                                       {"ipproto", &RuleLine::ip_protocol},
                                       {"sport", &RuleLine::source_ports},
                                       {"dport", &RuleLine::destination_ports},
                                       {"uidrange", &RuleLine::users},
                                       {"l3mdev", &RuleLine::l3mdev},
                                       {"protocol", &RuleLine::protocol},
                                       {"inet", &RuleLine::inet},
                                       {"inet6", &RuleLine::inet6},
                                       {"no_track", &RuleLine::no_track},
                                       {"track_group", &RuleLine::track_group}};

  RouteWords words_;
  bool is_static_;
  RoutingRule rule_;
  std::optional<net::Family> family_;
  bool has_priority_ = false;
  bool has_protocol_ = false;
};

}  // namespace

std::vector<RoutingRule> read_rules(Reader& reader, const Statement& block, bool is_static) {
  std::vector<RoutingRule> rules;
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    RuleLine parsed(reader, line, is_static);
    auto rule = parsed.read();
    if (!rule) continue;
    if (!parsed.has_priority()) {
      rule->priority = reader.next_rule_priority--;
      reader.diagnostics.warning(
          line.where,
          fmt::format("Rule has no preference specified - setting to {}. This is probably not what "
                      "you want.",
                      rule->priority));
    }
    rules.push_back(std::move(*rule));
  }
  return rules;
}

void read_virtual_rules(Reader& reader, InstanceDraft& draft, const Statement& block) {
  for (auto& rule : read_rules(reader, block, false)) {
    draft.instance.rules.push_back(std::move(rule));
  }
}

}  // namespace baton::config::keepalived
