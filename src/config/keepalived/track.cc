// track_script, track_interface, track_file and track_process of an instance. What they name may be
// defined further down: baton finds it, where keepalived would run without the check.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

TrackedWeight read_tracked_weight(Reader& reader, const InstanceDraft& draft,
                                  const Statement& statement, std::string_view what, int most) {
  TrackedWeight weight;
  const std::string& owner = draft.instance.name;
  if (statement.words.size() < 2) return weight;
  if (statement.word(1) != "weight") {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("({}) unknown {} option {} - ignoring", owner, what, statement.word(1)));
    return weight;
  }
  if (statement.words.size() < 3) {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("({}) weight without value specified for {} {} - ignoring",
                                        owner, what, statement.keyword()));
    return weight;
  }
  const auto value = reader.whole(
      statement, 2, -most, most,
      fmt::format("({}) {} {}: weight must be between [-{}..{}] inclusive, ignoring...", owner,
                  what, statement.keyword(), most, most));
  if (value) weight.value = static_cast<int>(*value);
  const std::string& option = statement.word(3);
  if (option == "reverse") {
    weight.reverse = true;
  } else if (option == "noreverse" || option == "no_reverse") {
    weight.reverse = false;
  } else if (!option.empty()) {
    reader.diagnostics.tolerated_error(
        statement.place(3), fmt::format("({}) unknown {} {} weight option {} - ignoring", owner,
                                        what, statement.keyword(), option));
  }
  return weight;
}

namespace {

// `things` are those that there are of the kind `block_name`.
template <typename Things>
void report_undefined(Reader& reader, const InstanceDraft& draft, const Statement& statement,
                      std::string_view what, std::string_view block_name, const Things& things) {
  std::vector<std::string_view> known;
  known.reserve(things.size());
  for (const auto& thing : things) known.push_back(thing.name);
  const std::string_view near = closest_word(statement.keyword(), known);
  reader.diagnostics.error(
      statement.where,
      fmt::format("({}) {} {} not found: no usable {} of this name; keepalived would run without "
                  "this check, baton does not",
                  draft.instance.name, what, statement.keyword(), block_name),
      near.empty() ? "define it, or remove it here" : fmt::format("did you mean \"{}\"?", near));
}

// Files and processes: each line of `block` names one of `things`, by its index in `member`.
template <typename Tracked, typename Things>
void read_tracked(Reader& reader, const InstanceDraft& draft, const Statement& block,
                  const Things& things, std::vector<Tracked>& list,
                  std::uint32_t Tracked::* member) {
  const std::string what = block.keyword() == "track_file" ? "track file" : "track process";
  const std::string block_name =
      block.keyword() == "track_file" ? "track_file" : "vrrp_track_process";
  for (const Statement& statement : block.block) {
    const std::string& name = statement.keyword();
    if (name == "{") continue;
    const auto found =
        std::ranges::find_if(things, [&name](const auto& thing) { return thing.name == name; });
    if (found == things.end()) {
      report_undefined(reader, draft, statement, what, block_name, things);
      continue;
    }
    const auto index = static_cast<std::uint32_t>(found - things.begin());
    if (contains(list, index, member)) {
      reader.diagnostics.tolerated_error(
          statement.where, fmt::format("({}) duplicate {} {} - ignoring", draft.instance.name,
                                       block.keyword(), name));
      continue;
    }
    const TrackedWeight weight = read_tracked_weight(reader, draft, statement, what, 254);
    list.push_back({index, weight.value.value_or(found->weight),
                    weight.reverse.value_or(found->weight_reverse)});
  }
}

}  // namespace

void read_tracked_scripts(Reader& reader, InstanceDraft& draft, const Statement& block) {
  for (const Statement& statement : block.block) {
    const std::string& name = statement.keyword();
    if (name == "{") continue;
    const auto found = reader.script_index.find(name);
    if (found == reader.script_index.end()) {
      report_undefined(reader, draft, statement, "track script", "vrrp_script",
                       reader.model.scripts);
      continue;
    }
    auto& tracked = draft.instance.tracked_scripts;
    if (contains(tracked, found->second, &TrackedScript::script)) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("({}) duplicate track_script {} - ignoring", draft.instance.name, name));
      continue;
    }
    ScriptFacts& facts = reader.script_facts[found->second];
    facts.is_tracked = true;
    if (facts.order > reader.order) {
      reader.diagnostics.note(statement.where,
                              fmt::format("({}) track script {} is defined further down: baton "
                                          "uses it, keepalived would run without this check",
                                          draft.instance.name, name));
    }
    const VrrpScript& script = reader.model.scripts[found->second];
    const TrackedWeight weight = read_tracked_weight(reader, draft, statement, "track script");
    tracked.push_back({found->second, weight.value.value_or(script.weight),
                       weight.reverse.value_or(script.weight_reverse)});
  }
}

void read_tracked_interfaces(Reader& reader, InstanceDraft& draft, const Statement& block) {
  for (const Statement& statement : block.block) {
    const std::string& name = statement.keyword();
    if (name == "{") continue;
    auto& tracked = draft.instance.tracked_interfaces;
    if (contains(tracked, name, &TrackedInterface::name)) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("({}) duplicate track_interface {} - ignoring", draft.instance.name, name));
      continue;
    }
    const TrackedWeight weight = read_tracked_weight(reader, draft, statement, "track_interface");
    tracked.push_back(
        {name, weight.value.value_or(0), weight.reverse.value_or(false), statement.where});
  }
}

void read_tracked_files(Reader& reader, InstanceDraft& draft, const Statement& block) {
  read_tracked(reader, draft, block, reader.model.tracking.files, draft.instance.tracked_files,
               &TrackedFile::file);
}

void read_tracked_processes(Reader& reader, InstanceDraft& draft, const Statement& block) {
  read_tracked(reader, draft, block, reader.model.tracking.processes,
               draft.instance.tracked_processes, &TrackedProcess::process);
}

}  // namespace baton::config::keepalived
