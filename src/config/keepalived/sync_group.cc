// vrrp_sync_group: instances that change state together.

#include <fmt/format.h>

#include <algorithm>

#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

struct GroupDraft {
  VrrpSyncGroup group;
  bool has_list = false;
  std::optional<bool> smtp_alert;
};

bool is_member_elsewhere(const Reader& reader, std::uint32_t index) {
  return std::ranges::any_of(reader.model.sync_groups, [index](const VrrpSyncGroup& group) {
    return contains(group.members, index);
  });
}

// Priorities of members that move apart would tear the group: what only moves a priority is left
// out, and that is said. (keepalived 2.2.7 says so too, but lets the weight of an interface count.)
void ignore_weights(Reader& reader, VrrpInstance& instance, const Position& where) {
  const auto has_weight = [](const auto& tracked) { return tracked.weight != 0; };
  const auto say = [&](std::string_view what) {
    reader.diagnostics.warning(
        where, fmt::format("({}) ignoring {} due to SYNC group: it has no effect on this instance",
                           instance.name, what));
  };
  for (const auto& tracked : instance.tracked_scripts) {
    if (!has_weight(tracked)) continue;
    const std::string& name = reader.model.scripts[tracked.script].name;
    say(fmt::format("tracked script {} with weights", name));
  }
  for (const auto& tracked : instance.tracked_interfaces) {
    if (has_weight(tracked)) say(fmt::format("tracked interface {} with its weight", tracked.name));
  }
  std::erase_if(instance.tracked_scripts, has_weight);
  std::erase_if(instance.tracked_interfaces, has_weight);
}

void warn_of_mixed_owners(Reader& reader, const VrrpSyncGroup& group) {
  const auto owns = [&](std::uint32_t member) {
    return reader.model.instances[member].priority == 255;
  };
  const auto owners = std::ranges::count_if(group.members, owns);
  if (owners == 0 || owners == std::ssize(group.members)) return;
  reader.diagnostics.warning(group.where,
                             fmt::format("Sync group {} has some member(s) as address owner and "
                                         "some not as address owner. This won't work.",
                                         group.name));
}

void add_member(Reader& reader, GroupDraft& draft, const Statement& line, std::size_t word) {
  const std::string& name = line.word(word);
  const auto& instances = reader.model.instances;
  const auto found = std::ranges::find(instances, name, &VrrpInstance::name);
  if (found == instances.end()) {
    reader.diagnostics.tolerated_error(
        line.place(word),
        fmt::format("Virtual router {} specified in sync group {} doesn't exist - ignoring", name,
                    draft.group.name));
    return;
  }
  const auto index = static_cast<std::uint32_t>(found - instances.begin());
  if (is_member_elsewhere(reader, index) || contains(draft.group.members, index)) {
    reader.diagnostics.tolerated_error(
        line.place(word),
        fmt::format("Virtual router {} cannot exist in more than one sync group; ignoring {}", name,
                    draft.group.name));
    return;
  }
  ignore_weights(reader, reader.model.instances[index], line.place(word));
  draft.group.members.push_back(index);
}

void members(Reader& reader, GroupDraft& draft, const Statement& block) {
  if (draft.has_list) {
    reader.diagnostics.tolerated_error(
        block.where,
        fmt::format("Group list already specified for sync group {}", draft.group.name));
    return;
  }
  draft.has_list = true;
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    for (std::size_t word = 0; word < line.words.size(); ++word) {
      add_member(reader, draft, line, word);
    }
  }
}

void notify(Reader& reader, GroupDraft& draft, const Statement& statement) {
  read_notify(reader, draft.group.notify, fmt::format("vrrp group {}:", draft.group.name),
              statement);
}

void notify_option(Reader& reader, GroupDraft& draft, const Statement& statement) {
  read_notify_option(reader, draft.group.notify, fmt::format("vrrp group {}:", draft.group.name),
                     statement);
}

void smtp_alert(Reader& reader, GroupDraft& draft, const Statement& statement) {
  draft.smtp_alert = reader.boolean(statement);
}

constexpr Keyword<GroupDraft> keywords[] = {
    {"group", Shape::block, 0, members},
    {"notify_master", Shape::line, 1, notify},
    {"notify_backup", Shape::line, 1, notify},
    {"notify_fault", Shape::line, 1, notify},
    {"notify_stop", Shape::line, 1, notify},
    {"notify", Shape::line, 1, notify},
    {"notify_deleted", Shape::line, 0, notify_option},
    {"notify_priority_changes", Shape::line, 0, notify_option},
    {"smtp_alert", Shape::line, 0, smtp_alert},
};

}  // namespace

void read_sync_group(Reader& reader, const Statement& block) {
  GroupDraft draft;
  draft.group.name = block.word(1);
  draft.group.where = block.place(1);
  const std::string& name = draft.group.name;
  if (name.empty()) {
    reader.diagnostics.tolerated_error(block.where, "vrrp_sync_group must have a name");
    return;
  }
  if (contains(reader.model.sync_groups, name, &VrrpSyncGroup::name)) {
    reader.diagnostics.tolerated_error(draft.group.where,
                                       fmt::format("vrrp sync group {} already defined", name));
    return;
  }
  apply_statements<GroupDraft>(reader, draft, block.block, Section::sync_group, keywords);
  if (draft.group.members.empty()) {
    reader.diagnostics.tolerated_error(
        draft.group.where, fmt::format("Sync group {} has no virtual router(s). removing", name));
    return;
  }
  if (draft.group.members.size() == 1) {
    reader.diagnostics.warning(
        draft.group.where,
        fmt::format("Sync group {} has only 1 virtual router(s) - this probably isn't what you "
                    "want",
                    name));
  }
  warn_of_mixed_owners(reader, draft.group);
  draft.group.smtp_alert =
      wants_mail(reader, draft.smtp_alert, draft.group.where, fmt::format("vrrp group {}:", name));
  reader.model.sync_groups.push_back(std::move(draft.group));
}

}  // namespace baton::config::keepalived
