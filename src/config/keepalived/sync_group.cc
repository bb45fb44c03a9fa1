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
  InstanceDraft tracked;           // its name is the group's: what is tracked for every member
  bool members_may_weigh = false;  // sync_group_tracking_weight
  bool members_share = false;      // global_tracking
};

bool is_member_elsewhere(const Reader& reader, std::uint32_t index) {
  return std::ranges::any_of(reader.model.sync_groups, [index](const VrrpSyncGroup& group) {
    return contains(group.members, index);
  });
}

// Priorities of members that move apart would tear the group: what only moves the priority of one
// of them is left out, and that is said. (keepalived 2.2.7 says so too, but lets the weight of an
// interface count.)
void ignore_weights(Reader& reader, VrrpInstance& instance) {
  const auto leave_out = [&](auto& list, std::string_view what, const auto& name_of) {
    for (const auto& tracked : list) {
      if (tracked.weight == 0) continue;
      reader.diagnostics.warning(
          instance.where, fmt::format("({}) ignoring {} {} with weight {} due to SYNC group: it "
                                      "has no effect on this instance",
                                      instance.name, what, name_of(tracked), tracked.weight));
    }
    std::erase_if(list, [](const auto& tracked) { return tracked.weight != 0; });
  };
  const Failover& model = reader.model;
  leave_out(instance.tracked_scripts, "tracked script",
            [&](const auto& tracked) { return model.scripts[tracked.script].name; });
  leave_out(instance.tracked_interfaces, "tracked interface",
            [](const auto& tracked) { return tracked.name; });
  leave_out(instance.tracked_files, "tracked file",
            [&](const auto& tracked) { return model.tracking.files[tracked.file].name; });
  leave_out(instance.tracked_processes, "tracked process",
            [&](const auto& tracked) { return model.tracking.processes[tracked.process].name; });
  leave_out(instance.tracked_bfds, "tracked bfd",
            [&](const auto& tracked) { return model.bfd_instances[tracked.session].name; });
}

// Adds to `instance` what `from` tracks and it does not.
void share_trackers(VrrpInstance& instance, const VrrpInstance& from) {
  const auto add = [](auto& to, const auto& list, auto key) {
    for (const auto& tracked : list) {
      if (!contains(to, tracked.*key, key)) to.push_back(tracked);
    }
  };
  add(instance.tracked_scripts, from.tracked_scripts, &TrackedScript::script);
  add(instance.tracked_files, from.tracked_files, &TrackedFile::file);
  add(instance.tracked_processes, from.tracked_processes, &TrackedProcess::process);
  add(instance.tracked_bfds, from.tracked_bfds, &TrackedBfd::session);
  add(instance.tracked_interfaces, from.tracked_interfaces, &TrackedInterface::name);
  std::erase_if(instance.tracked_interfaces, [&](const TrackedInterface& tracked) {
    return tracked.name == instance.interface && tracked.weight == 0;
  });
}

void settle_trackers(Reader& reader, GroupDraft& draft) {
  auto& instances = reader.model.instances;
  const bool weights_count = draft.members_may_weigh || draft.members_share;
  for (const std::uint32_t member : draft.group.members) {
    if (!weights_count) ignore_weights(reader, instances[member]);
    if (draft.members_share) share_trackers(draft.tracked.instance, instances[member]);
  }
  for (const std::uint32_t member : draft.group.members) {
    share_trackers(instances[member], draft.tracked.instance);
  }
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

template <void (*Read)(Reader&, InstanceDraft&, const Statement&)>
void track(Reader& reader, GroupDraft& draft, const Statement& block) {
  Read(reader, draft.tracked, block);
}

void tracking_weight(Reader&, GroupDraft& draft, const Statement&) {
  draft.members_may_weigh = true;
}

void global_tracking(Reader& reader, GroupDraft& draft, const Statement& statement) {
  draft.members_share = true;
  reader.diagnostics.warning(
      statement.where,
      fmt::format("(Sync group {}) global_tracking is deprecated. Use track_interface/script/file "
                  "on the sync group",
                  draft.group.name));
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
    {"track_script", Shape::block, 0, track<read_tracked_scripts>},
    {"track_interface", Shape::block, 0, track<read_tracked_interfaces>},
    {"track_file", Shape::block, 0, track<read_tracked_files>},
    {"track_process", Shape::block, 0, track<read_tracked_processes>},
    {"track_bfd", Shape::block, 0, track<read_tracked_bfds>},
    {"sync_group_tracking_weight", Shape::line, 0, tracking_weight},
    {"global_tracking", Shape::line, 0, global_tracking},
};

}  // namespace

void read_sync_group(Reader& reader, const Statement& block) {
  GroupDraft draft;
  draft.group.name = block.word(1);
  draft.group.where = block.place(1);
  draft.tracked.instance.name = draft.group.name;
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
  settle_trackers(reader, draft);
  warn_of_mixed_owners(reader, draft.group);
  draft.group.smtp_alert =
      wants_mail(reader, draft.smtp_alert, draft.group.where, fmt::format("vrrp group {}:", name));
  reader.model.sync_groups.push_back(std::move(draft.group));
}

}  // namespace baton::config::keepalived
