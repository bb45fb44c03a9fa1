// bfd_instance blocks and track_bfd. Times are milliseconds with decimals.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t name_length_max = 31;
constexpr std::uint8_t multihop_hop_limit = 64;

struct BfdDraft {
  BfdInstance instance;
  bool has_neighbor = false;
  bool neighbor_failed = false;
  bool has_hop_limit = false;
};

std::optional<net::IpAddress> address(Reader& reader, const BfdDraft& draft,
                                      const Statement& statement, std::string_view what,
                                      std::string_view consequence) {
  auto parsed = net::IpAddress::parse(statement.word(1));
  if (!parsed) {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("BFD instance {} has malformed {} address {}, {}",
                                        draft.instance.name, what, statement.word(1), consequence));
  }
  return parsed;
}

void neighbor(Reader& reader, BfdDraft& draft, const Statement& statement) {
  const auto parsed = address(reader, draft, statement, "neighbor", "ignoring instance");
  draft.has_neighbor = true;
  draft.neighbor_failed = !parsed;
  if (parsed) draft.instance.neighbor = *parsed;
}

void source(Reader& reader, BfdDraft& draft, const Statement& statement) {
  draft.instance.source = address(reader, draft, statement, "source", "ignoring");
}

template <Duration BfdInstance::* Member>
void interval(Reader& reader, BfdDraft& draft, const Statement& statement) {
  const bool idle = statement.keyword() == "idle_tx";
  const double low_ms = idle ? 1000 : 1;
  const double sensible_ms = idle ? 10000 : 1000;
  const auto value = parse_decimal(statement.word(1));
  if (!value || *value < low_ms || *value > 4294967) {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("BFD instance {} {} value {} is not valid (must be in range [{}-4294967]), "
                    "ignoring",
                    draft.instance.name, statement.keyword(), statement.word(1), low_ms));
    return;
  }
  if (*value > sensible_ms) {
    reader.diagnostics.warning(
        statement.place(1),
        fmt::format("BFD instance {} {} value {} is larger than max sensible ({})",
                    draft.instance.name, statement.keyword(), statement.word(1), sensible_ms));
  }
  draft.instance.*Member = from_seconds(*value / 1000);
}

std::string not_valid(const BfdDraft& draft, const Statement& statement) {
  return fmt::format("BFD instance {} {} value {} not valid, ignoring", draft.instance.name,
                     statement.keyword(), statement.word(1));
}

void multiplier(Reader& reader, BfdDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 255, not_valid(draft, statement));
  if (value) draft.instance.multiplier = static_cast<std::uint8_t>(*value);
}

void hop_limit(Reader& reader, BfdDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 255, not_valid(draft, statement));
  if (!value) return;
  draft.instance.hop_limit = static_cast<std::uint8_t>(*value);
  draft.has_hop_limit = true;
}

void max_hops(Reader& reader, BfdDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, -1, 255, not_valid(draft, statement));
  if (value) draft.instance.hops_max = static_cast<std::uint8_t>(*value == -1 ? 255 : *value);
}

void weight(Reader& reader, BfdDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, -253, 253, not_valid(draft, statement));
  if (!value) return;
  draft.instance.weight = static_cast<int>(*value);
  const std::string& option = statement.word(2);
  draft.instance.weight_reverse = option == "reverse";
  if (!option.empty() && option != "reverse") {
    reader.diagnostics.tolerated_error(
        statement.place(2),
        fmt::format("BFD instance {} unknown weight option {}", draft.instance.name, option));
  }
}

template <bool BfdInstance::* Member>
void flag(Reader& reader, BfdDraft& draft, const Statement& statement) {
  draft.instance.*Member = reader.boolean(statement).value_or(false);
}

constexpr Keyword<BfdDraft> keywords[] = {
    {"neighbor_ip", Shape::line, 1, neighbor},
    {"source_ip", Shape::line, 1, source},
    {"min_rx", Shape::line, 1, interval<&BfdInstance::min_rx>},
    {"min_tx", Shape::line, 1, interval<&BfdInstance::min_tx>},
    {"idle_tx", Shape::line, 1, interval<&BfdInstance::idle_tx>},
    {"multiplier", Shape::line, 1, multiplier},
    {"passive", Shape::line, 0, flag<&BfdInstance::passive>},
    {"ttl", Shape::line, 1, hop_limit},
    {"hoplimit", Shape::line, 1, hop_limit},
    {"max_hops", Shape::line, 1, max_hops},
    {"multihop", Shape::line, 0, flag<&BfdInstance::multihop>},
    {"weight", Shape::line, 1, weight},
};

// Whether the session can be used; says why not.
bool settle(Reader& reader, BfdDraft& draft) {
  BfdInstance& instance = draft.instance;
  if (!draft.has_neighbor) {
    reader.diagnostics.tolerated_error(
        instance.where,
        fmt::format("BFD instance {} has no neighbor address set, disabling instance",
                    instance.name));
    return false;
  }
  if (draft.neighbor_failed) return false;
  if (instance.source && instance.source->family() != instance.neighbor.family()) {
    reader.diagnostics.tolerated_error(
        instance.where,
        fmt::format("BFD instance {} source address {} and neighbor address {} are "
                    "of different families, ignoring instance",
                    instance.name, instance.source->text(), instance.neighbor.text()));
    return false;
  }
  if (instance.multihop && !draft.has_hop_limit) instance.hop_limit = multihop_hop_limit;
  return true;
}

void report_undefined(Reader& reader, const InstanceDraft& draft, const Statement& statement) {
  std::vector<std::string_view> known;
  for (const auto& instance : reader.model.bfd_instances) known.push_back(instance.name);
  const std::string_view near = closest_word(statement.keyword(), known);
  reader.diagnostics.error(
      statement.where,
      fmt::format("({}) track bfd {} not found: no usable bfd_instance of this name; keepalived "
                  "would run without this check, baton does not",
                  draft.instance.name, statement.keyword()),
      near.empty() ? "define it, or remove it here" : fmt::format("did you mean \"{}\"?", near));
}

}  // namespace

void read_bfd_instance(Reader& reader, const Statement& block) {
  BfdDraft draft;
  draft.instance.name = block.word(1);
  draft.instance.where = block.where;
  if (draft.instance.name.empty() || draft.instance.name.size() > name_length_max) {
    reader.diagnostics.tolerated_error(
        block.where, draft.instance.name.empty()
                         ? std::string("bfd_instance must have a name")
                         : fmt::format("BFD name {} too long", draft.instance.name));
    return;
  }
  if (contains(reader.model.bfd_instances, draft.instance.name, &BfdInstance::name)) {
    reader.diagnostics.tolerated_error(
        block.where, fmt::format("BFD {} already specified", draft.instance.name));
    return;
  }
  apply_statements<BfdDraft>(reader, draft, block.block, Section::bfd, keywords);
  if (settle(reader, draft)) reader.model.bfd_instances.push_back(std::move(draft.instance));
}

void read_tracked_bfds(Reader& reader, InstanceDraft& draft, const Statement& block) {
  for (const Statement& statement : block.block) {
    const std::string& name = statement.keyword();
    if (name == "{") continue;
    const auto& known = reader.model.bfd_instances;
    const auto found = std::ranges::find(known, name, &BfdInstance::name);
    if (found == known.end()) {
      report_undefined(reader, draft, statement);
      continue;
    }
    const auto index = static_cast<std::uint32_t>(found - known.begin());
    auto& tracked = draft.instance.tracked_bfds;
    if (contains(tracked, index, &TrackedBfd::session)) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("({}) duplicate track_bfd {} - ignoring", draft.instance.name, name));
      continue;
    }
    const TrackedWeight weight = read_tracked_weight(reader, draft, statement, "track bfd");
    tracked.push_back({index, weight.value.value_or(found->weight),
                       weight.reverse.value_or(found->weight_reverse)});
  }
}

}  // namespace baton::config::keepalived
