// static_ipaddress, static_routes, static_rules: what is there as long as the daemon runs; and
// track_group, by which instances depend on some of it.

#include <fmt/format.h>

#include <algorithm>

#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

// Takes "track_group NAME" out of a line; the name, or nothing.
std::string take_track_group(Statement& line) {
  const auto found = std::ranges::find(line.words, "track_group", &Word::text);
  if (found == line.words.end() || found + 1 == line.words.end()) return "";
  std::string name = (found + 1)->text;
  line.words.erase(found, found + 2);
  return name;
}

void find_group(Reader& reader, const Position& where, const std::string& name) {
  if (name.empty() || contains(reader.model.statics.groups, name, &TrackGroup::name)) return;
  reader.diagnostics.tolerated_error(
      where, fmt::format("track_group {} not found: nothing tracks this", name));
}

void add_to_group(Reader& reader, TrackGroup& group, const Statement& line, std::size_t word) {
  const auto& instances = reader.model.instances;
  const auto found = std::ranges::find(instances, line.word(word), &VrrpInstance::name);
  if (found == instances.end()) {
    reader.diagnostics.tolerated_error(
        line.place(word), fmt::format("vrrp instance {} specified in static track group {} doesn't "
                                      "exist - ignoring",
                                      line.word(word), group.name));
    return;
  }
  const auto index = static_cast<std::uint32_t>(found - instances.begin());
  if (!contains(group.members, index)) group.members.push_back(index);
}

}  // namespace

// Address lines are those of virtual_ipaddress, of either family.
void read_static_addresses(Reader& reader, const Statement& block) {
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    Statement one = block;
    one.words.front().text = "virtual_ipaddress_excluded";
    one.block = {line};
    StaticAddress address;
    address.track_group = take_track_group(one.block.front());
    InstanceDraft draft;
    draft.instance.name = "static_ipaddress";
    read_addresses(reader, draft, one);
    if (draft.instance.excluded_addresses.empty()) continue;
    address.address = std::move(draft.instance.excluded_addresses.front());
    reader.model.statics.addresses.push_back(std::move(address));
  }
}

void read_static_routes(Reader& reader, const Statement& block) {
  for (auto& route : read_routes(reader, block, true)) {
    reader.model.statics.routes.push_back(std::move(route));
  }
}

void read_static_rules(Reader& reader, const Statement& block) {
  for (auto& rule : read_rules(reader, block, true)) {
    reader.model.statics.rules.push_back(std::move(rule));
  }
}

void read_track_group(Reader& reader, const Statement& block) {
  TrackGroup group;
  group.name = block.word(1);
  group.where = block.where;
  if (group.name.empty()) {
    reader.diagnostics.tolerated_error(block.where, "static track group must have a name");
    return;
  }
  if (contains(reader.model.statics.groups, group.name, &TrackGroup::name)) {
    reader.diagnostics.tolerated_error(block.where,
                                       fmt::format("track_group {} already defined", group.name));
    return;
  }
  for (const Statement& list : block.block) {
    if (list.keyword() != "group") {
      report_unknown(reader, list, {"group"});
      continue;
    }
    for (const Statement& line : list.block) {
      if (line.keyword() == "{") continue;
      for (std::size_t word = 0; word < line.words.size(); ++word) {
        add_to_group(reader, group, line, word);
      }
    }
  }
  if (group.members.empty()) {
    reader.diagnostics.tolerated_error(
        block.where,
        fmt::format("Static track group {} has no virtual router(s) - removing", group.name));
    return;
  }
  reader.model.statics.groups.push_back(std::move(group));
}

void settle_statics(Reader& reader) {
  Statics& statics = reader.model.statics;
  for (auto& one : statics.addresses) {
    if (one.address.device.empty()) one.address.device = reader.defaults.interface;
    find_group(reader, one.address.where, one.track_group);
  }
  for (const auto& route : statics.routes) find_group(reader, route.where, route.track_group);
  for (const auto& rule : statics.rules) find_group(reader, rule.where, rule.track_group);
}

}  // namespace baton::config::keepalived
