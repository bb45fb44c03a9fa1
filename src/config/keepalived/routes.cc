// virtual_routes and static_routes: lines in the words of `ip route add`.

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/route_names.h"

namespace baton::config::keepalived {

namespace {

struct TypeName {
  std::string_view name;
  std::uint8_t number;
};
constexpr TypeName types[] = {
    {"unicast", RTN_UNICAST},         {"local", RTN_LOCAL},         {"broadcast", RTN_BROADCAST},
    {"anycast", RTN_ANYCAST},         {"multicast", RTN_MULTICAST}, {"blackhole", RTN_BLACKHOLE},
    {"unreachable", RTN_UNREACHABLE}, {"prohibit", RTN_PROHIBIT},   {"throw", RTN_THROW}};

struct MetricName {
  std::string_view name;
  std::uint16_t number;
  std::uint32_t most;
};
constexpr MetricName metrics[] = {{"mtu", RTAX_MTU, UINT32_MAX},
                                  {"advmss", RTAX_ADVMSS, UINT32_MAX},
                                  {"hoplimit", RTAX_HOPLIMIT, 255},
                                  {"reordering", RTAX_REORDERING, UINT32_MAX},
                                  {"window", RTAX_WINDOW, UINT32_MAX},
                                  {"cwnd", RTAX_CWND, UINT32_MAX},
                                  {"ssthresh", RTAX_SSTHRESH, UINT32_MAX},
                                  {"initcwnd", RTAX_INITCWND, UINT32_MAX},
                                  {"initrwnd", RTAX_INITRWND, UINT32_MAX},
                                  {"quickack", RTAX_QUICKACK, 1},
                                  {"fastopen_no_cookie", RTAX_FASTOPEN_NO_COOKIE, 1}};

// Times: the kernel's unit in milliseconds, as a divisor.
struct TimeName {
  std::string_view name;
  std::uint16_t number;
  std::uint32_t parts_of_ms;
};
constexpr TimeName times[] = {
    {"rtt", RTAX_RTT, 8}, {"rttvar", RTAX_RTTVAR, 4}, {"rto_min", RTAX_RTO_MIN, 1}};
constexpr std::uint32_t shortest_time_ms = 200;

constexpr std::string_view foreign_words[] = {"encap", "ttl-propagate", "as", "vrf", "nhid"};

template <typename Table>
auto find_word(const Table& table, std::string_view word) {
  const auto found =
      std::ranges::find_if(table, [word](const auto& entry) { return entry.name == word; });
  return found == std::end(table) ? nullptr : &*found;
}

class RouteLine {
 public:
  RouteLine(Reader& reader, const Statement& statement, bool is_static)
      : words_(reader, statement), is_static_(is_static) {}

  std::optional<Route> read() {
    route_.where = words_.statement().where;
    for (const Word& word : words_.statement().words) {
      route_.text += (route_.text.empty() ? "" : " ") + word.text;
    }
    while (!words_.at_end()) {
      if (!read_option(words_.take())) return std::nullopt;
    }
    if (!settle()) return std::nullopt;
    return std::move(route_);
  }

 private:
  bool read_option(const std::string& word) {
    if (const auto* type = find_word(types, word)) return read_type(type->number);
    if (const auto* metric = find_word(metrics, word)) return read_metric(*metric);
    if (const auto* time = find_word(times, word)) return read_time(*time);
    if (std::ranges::find(foreign_words, word) != std::end(foreign_words)) {
      words_.reader().unsupported(words_.statement().where, fmt::format("'{}' of a route", word));
      return false;
    }
    for (const Option& option : options) {
      if (option.name == word) return (this->*option.read)();
    }
    return read_destination(word);
  }

  bool read_type(std::uint8_t number) {
    route_.type = number;
    return true;
  }

  bool read_metric(const MetricName& metric) {
    if (words_.peek() == "lock") lock(metric.number);
    const auto value = words_.number(metric.name, 0, metric.most);
    if (value) route_.metrics[metric.number] = *value;
    return value.has_value();
  }

  void lock(std::uint16_t metric) {
    words_.take();
    route_.metrics[RTAX_LOCK] |= 1u << metric;
  }

  // "300ms", "1.5s"; a bare number is in the kernel's own unit.
  bool read_time(const TimeName& time) {
    if (words_.peek() == "lock") lock(time.number);
    const std::string* text = words_.value();
    if (!text) return false;
    std::string_view digits = *text;
    double unit = 1;
    if (digits.ends_with("ms")) {
      unit = time.parts_of_ms;
      digits.remove_suffix(2);
    } else if (digits.ends_with("s")) {
      unit = time.parts_of_ms * 1000.0;
      digits.remove_suffix(1);
    }
    const auto number = parse_decimal(digits);
    if (!number || *number * unit > UINT32_MAX) {
      return words_.complain(fmt::format("Invalid {} {} specified for route", time.name, *text));
    }
    auto value = static_cast<std::uint32_t>(*number * unit);
    const std::uint32_t least = shortest_time_ms * time.parts_of_ms;
    if (value < least) {
      words_.warn(fmt::format("{} value {} below minimum {}ms, resetting", time.name, *text,
                              shortest_time_ms));
      value = least;
    }
    route_.metrics[time.number] = value;
    return true;
  }

  // False, with a complaint, when the line has addresses of both families.
  bool take_family(net::Family family) {
    if (family_ && *family_ != family) {
      return words_.complain("Cannot mix IPv4 and IPv6 addresses for route");
    }
    family_ = family;
    return true;
  }

  std::optional<net::IpAddress> read_address() {
    const std::string* text = words_.value();
    if (text && (*text == "inet" || *text == "inet6")) text = words_.value();
    if (!text) return std::nullopt;
    const auto address = net::IpAddress::parse(*text);
    if (!address) {
      words_.complain(fmt::format("VRRP parsed invalid IP {}. skipping IP...", *text));
    } else if (take_family(address->family())) {
      return address;
    }
    return std::nullopt;
  }

  bool read_destination(const std::string& word) {
    if (word == "default") {
      has_destination_ = is_default_ = true;
      return true;
    }
    const std::size_t slash = word.find('/');
    const auto address = net::IpAddress::parse(std::string_view(word).substr(0, slash));
    if (!address) return words_.complain(fmt::format("unknown route keyword {}", word));
    if (!take_family(address->family())) return false;
    const std::uint8_t whole = address->is_ipv4() ? 32 : 128;
    route_.destination = {*address, whole};
    has_destination_ = true;
    is_default_ = false;
    if (slash == std::string::npos) return true;
    if (const auto length = parse_unsigned(word.substr(slash + 1), whole)) {
      route_.destination.length = static_cast<std::uint8_t>(*length);
    } else {
      words_.complain(fmt::format("Invalid address prefix len {} for address {} - using {}",
                                  word.substr(slash + 1), word, whole));
    }
    return true;
  }

  bool to() {
    const std::string* text = words_.value();
    return text && read_destination(*text);
  }
  bool from() {
    const std::string* text = words_.value();
    if (!text) return false;
    const auto prefix = net::Prefix::parse(*text);
    if (!prefix) {
      return words_.complain(fmt::format("VRRP parsed invalid IP {}. skipping IP...", *text));
    }
    if (prefix->address.is_ipv4()) {
      return words_.complain(
          fmt::format("route from address only supported with IPv6 ({})", *text));
    }
    route_.source = *prefix;
    return take_family(net::Family::ipv6);
  }
  bool source() {
    route_.preferred_source = read_address();
    return route_.preferred_source.has_value();
  }
  bool via() {
    hop().gateway = read_address();
    return hop().gateway.has_value();
  }
  bool gateway() {
    words_.warn("\"gw\" for routes is deprecated. Please use \"via\"");
    return via();
  }
  // "via A or B": two next hops.
  bool either() {
    words_.warn("\"or\" for routes is deprecated. Please use \"nexthop\"");
    route_.multipath = true;
    route_.hops.emplace_back();
    return via();
  }
  bool next_hop() {
    if (!route_.multipath) route_.hops.clear();
    route_.multipath = true;
    route_.hops.emplace_back();
    return true;
  }
  bool device() {
    const auto name = words_.device();
    if (name) hop().device = *name;
    return name.has_value();
  }
  bool on_link() {
    hop().onlink = true;
    return true;
  }
  bool weight() {
    const auto value = words_.number("weight", 1, 256);
    if (value) hop().weight = static_cast<std::uint16_t>(*value);
    return value.has_value();
  }
  bool realms() {
    const auto value = words_.realms("route");
    if (!value) return false;
    (route_.multipath ? hop().realms : route_.realms) = value;
    return true;
  }
  bool table() {
    const auto value = words_.named(RouteName::table, "Routing table", UINT32_MAX);
    if (value) route_.table = *value;
    return value.has_value();
  }
  bool protocol() {
    const auto value = words_.named(RouteName::protocol, "Protocol", 255);
    if (value) route_.protocol = static_cast<std::uint8_t>(*value);
    return value.has_value();
  }
  bool scope() {
    const auto value = words_.named(RouteName::scope, "Scope", 255);
    if (value) route_.scope = static_cast<std::uint8_t>(*value);
    return value.has_value();
  }
  bool tos() {
    const auto value = words_.named(RouteName::dsfield, "TOS value", 255);
    if (value) route_.tos = static_cast<std::uint8_t>(*value);
    return value.has_value();
  }
  bool priority() {
    route_.priority = words_.number("metric", 0, UINT32_MAX);
    return route_.priority.has_value();
  }
  bool expires() {
    wants_ipv6_ = "expires";
    route_.expires_s = words_.number("expires", 0, INT32_MAX);
    return route_.expires_s.has_value();
  }
  // RFC 4191: the router's preference.
  bool preference() {
    wants_ipv6_ = "pref";
    const std::string* text = words_.value();
    if (!text) return false;
    for (const auto& [name, number] :
         {TypeName{"low", 3}, TypeName{"medium", 0}, TypeName{"high", 1}}) {
      if (*text == name) route_.preference = number;
    }
    if (route_.preference) return true;
    return words_.complain(fmt::format("Invalid pref value {} specified for route", *text));
  }
  bool features() {
    if (words_.peek() == "lock") lock(RTAX_FEATURES);
    const std::string* text = words_.value();
    if (!text) return false;
    if (*text != "ecn") return words_.complain(fmt::format("feature {} not supported", *text));
    route_.metrics[RTAX_FEATURES] |= RTAX_FEATURE_ECN;
    return true;
  }
  bool congestion_control() {
    constexpr std::size_t longest = 15;
    if (words_.peek() == "lock") lock(RTAX_CC_ALGO);
    const std::string* text = words_.value();
    if (!text) return false;
    if (text->size() > longest) return words_.complain("congctl " + *text + " is too long");
    route_.congestion_control = *text;
    return true;
  }
  bool append() {
    route_.append = true;
    return true;
  }
  bool prepend() { return true; }
  bool inet() { return take_family(net::Family::ipv4); }
  bool inet6() { return take_family(net::Family::ipv6); }
  bool no_track() {
    route_.tracked = false;
    return true;
  }
  bool track_group() {
    if (!is_static_) return words_.complain("unknown route keyword track_group");
    const std::string* name = words_.value();
    if (name) route_.track_group = *name;
    return name != nullptr;
  }

  RouteHop& hop() {
    if (route_.hops.empty()) route_.hops.emplace_back();
    return route_.hops.back();
  }

  bool settle() {
    if (!has_destination_) return words_.complain("Route must have a destination");
    route_.family = family_.value_or(net::Family::ipv4);
    if (is_default_) route_.destination = {net::IpAddress::any(route_.family), 0};
    if (!wants_ipv6_.empty() && route_.family == net::Family::ipv4) {
      return words_.complain(fmt::format("{} is only valid for IPv6", wants_ipv6_));
    }
    if (route_.tracked && route_.protocol != route_protocol) {
      words_.warn(
          "Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol");
      route_.protocol = route_protocol;
    }
    // It is wanted to go by itself.
    if (route_.expires_s) route_.tracked = false;
    const bool is_here = route_.type == RTN_LOCAL;
    if (is_here && !route_.scope) route_.scope = RT_SCOPE_HOST;
    return true;
  }

  struct Option {
    std::string_view name;
    bool (RouteLine::*read)();
  };
  static constexpr Option options[] = {{"to", &RouteLine::to},
                                       {"from", &RouteLine::from},
                                       {"src", &RouteLine::source},
                                       {"via", &RouteLine::via},
                                       {"gw", &RouteLine::gateway},
                                       {"or", &RouteLine::either},
                                       {"nexthop", &RouteLine::next_hop},
                                       {"dev", &RouteLine::device},
                                       {"oif", &RouteLine::device},
                                       {"onlink", &RouteLine::on_link},
                                       {"weight", &RouteLine::weight},
                                       {"realms", &RouteLine::realms},
                                       {"table", &RouteLine::table},
                                       {"protocol", &RouteLine::protocol},
                                       {"scope", &RouteLine::scope},
                                       {"tos", &RouteLine::tos},
                                       {"dsfield", &RouteLine::tos},
                                       {"metric", &RouteLine::priority},
                                       {"priority", &RouteLine::priority},
                                       {"preference", &RouteLine::priority},
                                       {"expires", &RouteLine::expires},
                                       {"pref", &RouteLine::preference},
                                       {"features", &RouteLine::features},
                                       {"congctl", &RouteLine::congestion_control},
                                       {"append", &RouteLine::append},
                                       {"prepend", &RouteLine::prepend},
                                       {"add", &RouteLine::prepend},
                                       {"inet", &RouteLine::inet},
                                       {"inet6", &RouteLine::inet6},
                                       {"no_track", &RouteLine::no_track},
                                       {"track_group", &RouteLine::track_group}};

  RouteWords words_;
  bool is_static_;
  Route route_;
  std::optional<net::Family> family_;
  bool has_destination_ = false;
  bool is_default_ = false;
  std::string_view wants_ipv6_;  // the word that does
};

}  // namespace

std::vector<Route> read_routes(Reader& reader, const Statement& block, bool is_static) {
  std::vector<Route> routes;
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    if (auto route = RouteLine(reader, line, is_static).read()) routes.push_back(std::move(*route));
  }
  return routes;
}

void read_virtual_routes(Reader& reader, InstanceDraft& draft, const Statement& block) {
  for (auto& route : read_routes(reader, block, false)) {
    draft.instance.routes.push_back(std::move(route));
  }
}

}  // namespace baton::config::keepalived
