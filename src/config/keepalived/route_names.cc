// Names out of /etc/iproute2, through the source tree: so a process that replays the configuration
// finds the same numbers.

#include "config/keepalived/route_names.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

struct Known {
  std::string_view name;
  std::uint32_t number;
};

// What the kernel itself gives names to, also on a machine without iproute2.
constexpr Known tables[] = {{"default", 253}, {"main", 254}, {"local", 255}};
constexpr Known protocols[] = {{"redirect", 1}, {"kernel", 2}, {"boot", 3},
                               {"static", 4},   {"ra", 9},     {"keepalived", 18}};
constexpr Known scopes[] = {
    {"global", 0}, {"site", 200}, {"link", 253}, {"host", 254}, {"nowhere", 255}};

std::string_view file_of(RouteName kind) {
  switch (kind) {
    case RouteName::table:
      return "rt_tables";
    case RouteName::protocol:
      return "rt_protos";
    case RouteName::scope:
      return "rt_scopes";
    case RouteName::realm:
      return "rt_realms";
    case RouteName::dsfield:
      return "rt_dsfield";
    case RouteName::group:
      break;
  }
  return "group";
}

// Lines are "NUMBER NAME"; groups too.
std::optional<std::uint32_t> find_in(std::string_view text, std::string_view name) {
  for (const auto line : split(text, '\n')) {
    const auto words = split_words(line.substr(0, line.find('#')));
    if (words.size() >= 2 && words[1] == name) return parse_any_base(words[0]);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> find_name(Reader& reader, RouteName kind, std::string_view name) {
  std::span<const Known> known;
  if (kind == RouteName::table) known = tables;
  if (kind == RouteName::protocol) known = protocols;
  if (kind == RouteName::scope) known = scopes;
  for (const Known& one : known) {
    if (one.name == name) return one.number;
  }
  if (!reader.sources) return std::nullopt;
  for (const std::string folder : {"/etc/iproute2/", "/usr/share/iproute2/"}) {
    const std::string path = folder + std::string(file_of(kind));
    auto paths = reader.sources->glob(path + ".d/*.conf");
    paths.insert(paths.begin(), path);
    for (const auto& one : paths) {
      const auto text = reader.sources->read(one);
      if (!text) continue;
      if (const auto number = find_in(*text, name)) return number;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> parse_any_base(std::string_view text, std::uint32_t most) {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    std::uint64_t value = 0;
    text.remove_prefix(2);
    if (text.empty() || text.size() > 8) return std::nullopt;
    for (const char c : text) {
      if (hex_value(c) < 0) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(hex_value(c));
    }
    if (value > most) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  }
  const auto value = parse_unsigned(text, most);
  if (!value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::optional<std::uint32_t> find_route_number(Reader& reader, RouteName kind,
                                               std::string_view word, std::uint32_t most) {
  const bool is_number = !word.empty() && is_digit(word.front());
  const auto number = is_number ? parse_any_base(word, most) : find_name(reader, kind, word);
  return number && *number <= most ? number : std::nullopt;
}

const std::string& RouteWords::take() {
  return statement_.word(next_++);
}

const std::string* RouteWords::value() {
  if (at_end()) {
    report_missing_parameter(reader_, statement_);
    return nullptr;
  }
  return &take();
}

std::optional<std::uint32_t> RouteWords::number(std::string_view what, std::uint32_t least,
                                                std::uint32_t most) {
  const std::string* text = value();
  if (!text) return std::nullopt;
  const auto number = parse_any_base(*text, most);
  if (number && *number >= least) return number;
  complain(fmt::format("Invalid {} {} specified: a number from {} to {} is wanted", what, *text,
                       least, most));
  return std::nullopt;
}

std::optional<std::uint32_t> RouteWords::named(RouteName kind, std::string_view what,
                                               std::uint32_t most) {
  const std::string* text = value();
  if (!text) return std::nullopt;
  const auto number = find_route_number(reader_, kind, *text, most);
  if (!number) complain(fmt::format("{} {} not found or invalid", what, *text));
  return number;
}

std::optional<std::uint32_t> RouteWords::realms(std::string_view of) {
  const std::string* text = value();
  if (!text) return std::nullopt;
  constexpr std::uint32_t most = 0xffff;
  const std::size_t slash = text->find('/');
  std::optional<std::uint32_t> from = 0;
  if (slash != std::string::npos) {
    from = find_route_number(reader_, RouteName::realm, text->substr(0, slash), most);
  }
  const std::size_t start = slash == std::string::npos ? 0 : slash + 1;
  const auto to = find_route_number(reader_, RouteName::realm, text->substr(start), most);
  if (from && to) return *from << 16 | *to;
  complain(fmt::format("Invalid realms {} for {}", *text, of));
  return std::nullopt;
}

std::optional<std::string> RouteWords::device() {
  constexpr std::size_t longest = 15;
  const std::string* text = value();
  if (!text) return std::nullopt;
  if (text->size() <= longest) return *text;
  complain(fmt::format("Interface name '{}' too long - ignoring the line", *text));
  return std::nullopt;
}

bool RouteWords::complain(const std::string& message, std::string_view suggestion) {
  reader_.diagnostics.tolerated_error(statement_.place(next_ == 0 ? 0 : next_ - 1), message,
                                      std::string(suggestion));
  return false;
}

void RouteWords::warn(const std::string& message) {
  reader_.diagnostics.warning(statement_.where, message);
}

}  // namespace baton::config::keepalived
