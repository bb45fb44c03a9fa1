// map and split_clients: blocks of values that a text is looked up in.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/model/variable.h"
#include "config/nginx/reader.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

// The definition that a block fills in; null: told.
VariableDefinition* definition_of(Reader& reader, const Directive& directive, std::size_t index) {
  const auto variable = reader.defined_variable(directive, index);
  if (!variable || variable->variable != Variable::defined) return nullptr;
  return &reader.variables.at(variable->index);
}

class MapReader {
 public:
  MapReader(Reader& reader, VariableDefinition& definition)
      : reader_(reader), definition_(definition), table_(std::make_shared<MapTable>()) {}

  void read(const Directive& directive) {
    definition_.source = reader_.compile(directive, 1);
    for (const Directive& line : directive.block) read_line(line);
    definition_.kind = VariableDefinition::Kind::map;
    definition_.map = std::move(table_);
  }

 private:
  void read_line(const Directive& line) {
    if (!reader_.check_value_line(line)) return;
    if (line.count() == 0 && line.name() == "hostnames") {
      table_->hostnames = true;
    } else if (line.count() == 0 && line.name() == "volatile") {
      definition_.is_volatile = true;
    } else if (line.count() != 1) {
      reader_.error(line, 0, "invalid number of the map parameters");
    } else {
      add(line);
    }
  }

  void add(const Directive& line) {
    std::string_view key = line.name();
    const auto value = static_cast<std::uint32_t>(table_->values.size());
    if (key == "default") {
      if (table_->otherwise) return reader_.error(line, 0, "duplicate default map parameter");
      table_->otherwise = value;
    } else if (key.starts_with('~')) {
      key.remove_prefix(1);
      const bool ignore_case = key.starts_with('*');
      if (ignore_case) key.remove_prefix(1);
      if (!reader_.check_regex(line, 0, key, ignore_case)) return;
      table_->patterns.push_back({std::string(key), ignore_case, value});
    } else {
      if (key.starts_with('\\')) key.remove_prefix(1);
      if (!add_key(line, lowered(key), value)) return;
    }
    table_->values.push_back(reader_.compile(line, 1));
  }

  // Everything about a name with a star that a table of names could not hold.
  static bool is_well_formed(std::string_view name) {
    if (name.find("..") != std::string_view::npos) return false;
    const auto stars = std::ranges::count(name, '*');
    return stars == 0 || (stars == 1 && (name.starts_with("*.") || name.ends_with(".*")));
  }

  bool add_key(const Directive& line, const std::string& key, std::uint32_t value) {
    bool is_new = true;
    const bool may_be_wild = table_->hostnames;
    if (may_be_wild && (!is_well_formed(key) || key == "*." || key == ".")) {
      reader_.error(line, 0, fmt::format("invalid hostname or wildcard \"{}\"", line.name()));
      return false;
    }
    if (may_be_wild && key.starts_with("*.")) {
      is_new = table_->leading.emplace(key.substr(2), value).second;
    } else if (may_be_wild && key.ends_with(".*")) {
      is_new = table_->trailing.emplace(key.substr(0, key.size() - 2), value).second;
    } else if (may_be_wild && key.starts_with('.')) {
      is_new = table_->exact.emplace(key.substr(1), value).second;
      is_new = table_->leading.emplace(key.substr(1), value).second && is_new;
    } else {
      is_new = table_->exact.emplace(key, value).second;
    }
    if (!is_new) reader_.error(line, 0, fmt::format("conflicting parameter \"{}\"", key));
    return is_new;
  }

  Reader& reader_;
  VariableDefinition& definition_;
  std::shared_ptr<MapTable> table_;
};

void read_map(Reader& reader, const Directive& directive) {
  VariableDefinition* definition = definition_of(reader, directive, 2);
  if (definition == nullptr) return reader.skip_block(directive.block);
  MapReader(reader, *definition).read(directive);
}

// "0.5%": hundredths of a percent; 0 for "*". nullopt: not valid.
std::optional<std::uint32_t> parse_share(std::string_view word) {
  if (word == "*") return 0;
  if (!word.ends_with('%')) return std::nullopt;
  word.remove_suffix(1);
  const std::size_t dot = word.find('.');
  const std::string_view after = dot == std::string_view::npos ? "" : word.substr(dot + 1);
  if (after.size() > 2) return std::nullopt;
  std::string digits(word.substr(0, dot));
  digits.append(after).append(2 - after.size(), '0');
  const auto share = parse_unsigned(digits, 1000000);
  if (!share || *share == 0) return std::nullopt;
  return static_cast<std::uint32_t>(*share);
}

constexpr std::uint64_t whole = 10000;

void read_split_clients(Reader& reader, const Directive& directive) {
  VariableDefinition* definition = definition_of(reader, directive, 2);
  if (definition == nullptr) return reader.skip_block(directive.block);
  definition->source = reader.compile(directive, 1);
  auto shares = std::make_shared<std::vector<SplitShare>>();
  std::uint64_t sum = 0;
  std::uint64_t below = 0;
  for (const Directive& line : directive.block) {
    if (!reader.check_value_line(line)) continue;
    if (line.count() != 1) {
      reader.error(line, 0, "invalid number of the split_clients parameters");
      continue;
    }
    const auto share = parse_share(line.name());
    if (!share) {
      reader.error(line, 0, fmt::format("invalid percent value \"{}\"", line.name()));
      continue;
    }
    sum = *share == 0 ? whole : sum + *share;
    if (sum > whole) {
      reader.error(line, 0, "percent total is greater than 100%");
      continue;
    }
    below += *share * std::uint64_t{UINT32_MAX} / whole;
    shares->push_back(
        {*share == 0 ? 0 : static_cast<std::uint32_t>(below), literal_template(line.word(1))});
  }
  definition->kind = VariableDefinition::Kind::split;
  definition->shares = std::move(shares);
}

constexpr Rule rules[] = {
    supported("map", in_http, take2 | block, read_map),
    no_effect("map_hash_max_size", in_http, take1, Value::number),
    no_effect("map_hash_bucket_size", in_http, take1, Value::number),
    supported("split_clients", in_http, take2 | block, read_split_clients),
};

}  // namespace

std::span<const Rule> map_rules() {
  return rules;
}

}  // namespace baton::config::nginx
