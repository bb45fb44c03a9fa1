// geo: values by client address. Networks (the longest that holds the address wins) or, with
// `ranges`, stretches of IPv4 addresses, of which a later one may lie within an earlier one.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "config/model/variable.h"
#include "config/nginx/networks.h"
#include "config/nginx/reader.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

using Stretch = GeoTable::Stretch;

std::optional<net::IpAddress> following(const net::IpAddress& address) {
  std::array<std::uint8_t, 16> bytes{};
  const auto old = address.bytes();
  std::ranges::copy(old, bytes.begin());
  for (std::size_t i = old.size(); i-- > 0;) {
    if (++bytes[i] == 0) continue;
    if (address.is_ipv4())
      return net::IpAddress::ipv4(std::span<const std::uint8_t, 4>(bytes.data(), 4));
    return net::IpAddress::ipv6(bytes);
  }
  return std::nullopt;
}

net::IpAddress ipv4_of(std::uint32_t value) {
  return net::IpAddress::ipv4(
      static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
      static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
}

// Networks of one family to stretches: what is inside of a network interrupts it.
class Cutter {
 public:
  explicit Cutter(std::vector<Stretch>& into) : into_(into) {}

  void add(const net::Prefix& network, std::int32_t value) {
    close_before(&network.address);
    emit(network.address, value);
    open_.push_back({last_address(network), value});
  }
  void finish() { close_before(nullptr); }

 private:
  struct Open {
    net::IpAddress last;
    std::int32_t value;
  };

  void close_before(const net::IpAddress* next) {
    while (!open_.empty() && (next == nullptr || open_.back().last < *next)) {
      const auto behind = following(open_.back().last);
      open_.pop_back();
      if (behind) emit(*behind, open_.empty() ? -1 : open_.back().value);
    }
  }
  void emit(const net::IpAddress& first, std::int32_t value) {
    if (!into_.empty() && into_.back().first == first) {
      into_.back().value = value;
    } else {
      into_.push_back({first, value});
    }
  }

  std::vector<Stretch>& into_;
  std::vector<Open> open_;
};

class GeoReader {
 public:
  GeoReader(Reader& reader, VariableDefinition& definition)
      : reader_(reader), definition_(definition), table_(std::make_shared<GeoTable>()) {}

  void read(const Directive& directive) {
    definition_.source = directive.count() == 2
                             ? reader_.compile(directive, 1)
                             : reader_.compile_text(directive, 0, "$remote_addr");
    for (const Directive& line : directive.block) read_line(line);
    finish();
    definition_.kind = VariableDefinition::Kind::geo;
    definition_.geo = std::move(table_);
  }

 private:
  void read_line(const Directive& line) {
    if (!reader_.check_value_line(line)) return;
    const std::string& name = line.name();
    if (line.count() == 0 && name == "ranges") {
      if (!networks_.empty() || !ranges_list_.empty()) {
        return reader_.error(
            line, 0, "the \"ranges\" directive must be the first directive inside \"geo\" block");
      }
      ranges_ = true;
    } else if (line.count() == 0 && name == "proxy_recursive") {
      table_->proxy_recursive = true;
    } else if (line.count() != 1) {
      reader_.error(line, 0, "invalid number of the geo parameters");
    } else if (name == "proxy") {
      if (const auto network = parse_network(reader_, line, 1)) table_->proxies.push_back(*network);
    } else if (ranges_) {
      read_range(line);
    } else {
      read_network(line);
    }
  }

  std::int32_t value_of(const std::string& text) {
    const auto [place, is_new] =
        value_places_.try_emplace(text, static_cast<std::int32_t>(table_->values.size()));
    if (is_new) table_->values.push_back(text);
    return place->second;
  }
  [[nodiscard]] const std::string& text_of(std::int32_t value) const {
    return table_->values[static_cast<std::size_t>(value)];
  }

  void add_network(const Directive& line, const net::Prefix& network) {
    const std::int32_t value = value_of(line.word(1));
    const auto [place, is_new] = networks_.try_emplace(network, value);
    if (is_new) return;
    reader_.warning(line, 0,
                    fmt::format("duplicate network \"{}\", value: \"{}\", old value: \"{}\"",
                                line.name(), line.word(1), text_of(place->second)));
    place->second = value;
  }

  void read_network(const Directive& line) {
    if (line.name() == "default") {
      add_network(line, {net::IpAddress::any(net::Family::ipv4), 0});
      add_network(line, {net::IpAddress::any(net::Family::ipv6), 0});
      return;
    }
    const bool removes = line.name() == "delete";
    const auto network = parse_network(reader_, line, removes ? 1 : 0);
    if (!network) return;
    if (!removes) return add_network(line, *network);
    if (networks_.erase(*network) == 0) {
      reader_.warning(line, 1, fmt::format("no network \"{}\" to delete", line.word(1)));
    }
  }

  struct Range {
    std::uint32_t last = 0;
    std::int32_t value = -1;
  };
  using Ranges = std::map<std::uint32_t, Range>;

  // "1.2.3.4-1.2.3.9".
  std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_range(const Directive& line,
                                                                     std::size_t index) {
    const std::string& word = line.word(index);
    const std::size_t minus = word.find('-');
    if (minus != std::string::npos) {
      const auto first = net::IpAddress::parse(std::string_view(word).substr(0, minus));
      const auto last = net::IpAddress::parse(std::string_view(word).substr(minus + 1));
      if (first && last && first->is_ipv4() && last->is_ipv4() && !(*last < *first)) {
        return std::pair(first->ipv4_value(), last->ipv4_value());
      }
    }
    reader_.error(line, index, fmt::format("invalid range \"{}\"", word));
    return std::nullopt;
  }

  void read_range(const Directive& line) {
    if (line.name() == "default") {
      if (default_) {
        reader_.warning(line, 0,
                        fmt::format("duplicate default geo value \"{}\", old value: \"{}\"",
                                    line.word(1), text_of(*default_)));
      }
      default_ = value_of(line.word(1));
      return;
    }
    const bool removes = line.name() == "delete";
    const auto range = parse_range(line, removes ? 1 : 0);
    if (!range) return;
    if (!removes) return add_range(line, range->first, range->second);
    const auto found = ranges_list_.find(range->first);
    if (found != ranges_list_.end() && found->second.last == range->second) {
      ranges_list_.erase(found);
    } else {
      reader_.warning(line, 1, fmt::format("no address range \"{}\" to delete", line.word(1)));
    }
  }

  void overlaps(const Directive& line, const Ranges::value_type& other) {
    reader_.error(line, 0,
                  fmt::format("range \"{}\" overlaps \"{}-{}\"", line.name(),
                              ipv4_of(other.first).text(), ipv4_of(other.second.last).text()));
  }

  void add_range(const Directive& line, std::uint32_t first, std::uint32_t last) {
    const std::int32_t value = value_of(line.word(1));
    auto behind = ranges_list_.upper_bound(first);
    if (behind != ranges_list_.begin()) {
      const auto around = std::prev(behind);
      const Range old = around->second;
      if (around->first == first && old.last == last) {
        reader_.warning(line, 0,
                        fmt::format("duplicate range \"{}\", value: \"{}\", old value: \"{}\"",
                                    line.name(), line.word(1), text_of(old.value)));
        around->second.value = value;
        return;
      }
      if (old.last >= first) {
        if (old.last < last) return overlaps(line, *around);
        const std::uint32_t old_first = around->first;
        ranges_list_.erase(around);
        if (old_first < first) ranges_list_[old_first] = {first - 1, old.value};
        if (last < old.last) ranges_list_[last + 1] = old;
        ranges_list_[first] = {last, value};
        return;
      }
    }
    if (behind != ranges_list_.end() && behind->first <= last) return overlaps(line, *behind);
    ranges_list_[first] = {last, value};
  }

  void finish() {
    if (ranges_) return finish_ranges();
    // Prefix orders by address, then by length: an outer network comes before those inside it.
    Cutter ipv4(table_->ipv4);
    Cutter ipv6(table_->ipv6);
    for (const auto& [network, value] : networks_) {
      (network.address.is_ipv4() ? ipv4 : ipv6).add(network, value);
    }
    ipv4.finish();
    ipv6.finish();
  }

  void finish_ranges() {
    const std::int32_t none = default_.value_or(-1);
    table_->ipv4.push_back({net::IpAddress::any(net::Family::ipv4), none});
    table_->ipv6.push_back({net::IpAddress::any(net::Family::ipv6), none});
    for (const auto& [first, range] : ranges_list_) {
      if (table_->ipv4.back().first == ipv4_of(first)) table_->ipv4.pop_back();
      table_->ipv4.push_back({ipv4_of(first), range.value});
      if (range.last != UINT32_MAX) table_->ipv4.push_back({ipv4_of(range.last + 1), none});
    }
  }

  Reader& reader_;
  VariableDefinition& definition_;
  std::shared_ptr<GeoTable> table_;
  std::map<std::string, std::int32_t> value_places_;
  std::map<net::Prefix, std::int32_t> networks_;
  Ranges ranges_list_;
  std::optional<std::int32_t> default_;
  bool ranges_ = false;
};

void read_geo(Reader& reader, const Directive& directive) {
  const auto variable = reader.defined_variable(directive, directive.count());
  if (!variable || variable->variable != Variable::defined) {
    return reader.skip_block(directive.block);
  }
  GeoReader(reader, reader.variables.at(variable->index)).read(directive);
}

constexpr Rule rules[] = {
    supported("geo", in_http, take12 | block, read_geo),
};

}  // namespace

std::span<const Rule> geo_rules() {
  return rules;
}

}  // namespace baton::config::nginx
