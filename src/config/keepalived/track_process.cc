// vrrp_track_process: processes that have to be there.

#include <fmt/format.h>

#include <algorithm>

#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

constexpr double longest_delay_s = 3600;

struct ProcessDraft {
  TrackProcess process;
  bool match_set = false;
};

void process(Reader&, ProcessDraft& draft, const Statement& statement) {
  draft.process.command.clear();
  for (std::size_t word = 1; word < statement.words.size(); ++word) {
    draft.process.command.push_back(statement.word(word));
  }
}

void param_match(Reader& reader, ProcessDraft& draft, const Statement& statement) {
  const std::string& word = statement.word(1);
  if (word == "initial" || word == "partial") {
    draft.process.match =
        word == "initial" ? TrackProcess::Match::initial : TrackProcess::Match::partial;
    draft.match_set = true;
  } else if (word.empty()) {
    draft.process.match = TrackProcess::Match::exact;
    draft.match_set = true;
  } else {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("Unknown vrrp_track_process {} param_match {}", draft.process.name, word),
        "say initial or partial");
  }
}

void weight(Reader& reader, ProcessDraft& draft, const Statement& statement) {
  const auto value =
      reader.whole(statement, 1, -254, 254,
                   fmt::format("weight of vrrp_track_process {} is ignored", draft.process.name));
  if (value) draft.process.weight = static_cast<int>(*value);
  if (statement.word(2) == "reverse") {
    draft.process.weight_reverse = true;
  } else if (statement.words.size() > 2) {
    reader.diagnostics.tolerated_error(statement.place(2),
                                       fmt::format("unknown track process {} weight option {}",
                                                   draft.process.name, statement.word(2)));
  }
}

void quorum(Reader& reader, ProcessDraft& draft, const Statement& statement) {
  const bool is_max = statement.keyword() == "quorum_max";
  const auto value = reader.whole(statement, 1, is_max ? 0 : 1, 65535,
                                  fmt::format("{} of vrrp_track_process {} is ignored",
                                              statement.keyword(), draft.process.name));
  if (!value) return;
  if (is_max) {
    draft.process.quorum_max = static_cast<std::uint32_t>(*value);
  } else {
    draft.process.quorum = static_cast<std::uint32_t>(*value);
  }
}

void delay(Reader& reader, ProcessDraft& draft, const Statement& statement) {
  const auto value = reader.seconds(statement, 1, 0.000001, longest_delay_s,
                                    fmt::format("{} of vrrp_track_process {} is ignored",
                                                statement.keyword(), draft.process.name));
  if (!value) return;
  if (statement.keyword() != "terminate_delay") draft.process.fork_delay = *value;
  if (statement.keyword() != "fork_delay") draft.process.terminate_delay = *value;
}

void full_command(Reader&, ProcessDraft& draft, const Statement&) {
  draft.process.full_command = true;
}

constexpr Keyword<ProcessDraft> keywords[] = {
    {"process", Shape::line, 1, process},
    {"param_match", Shape::line, 0, param_match},
    {"weight", Shape::line, 1, weight},
    {"quorum", Shape::line, 1, quorum},
    {"quorum_max", Shape::line, 1, quorum},
    {"delay", Shape::line, 1, delay},
    {"fork_delay", Shape::line, 1, delay},
    {"terminate_delay", Shape::line, 1, delay},
    {"full_command", Shape::line, 0, full_command},
};

// Parameters that are given have to be there; `full_command` alone looks at the first word only.
void settle_match(ProcessDraft& draft) {
  using Match = TrackProcess::Match;
  TrackProcess& process = draft.process;
  const bool has_parameters = process.command.size() > 1;
  if (!draft.match_set) process.match = has_parameters ? Match::exact : Match::name;
  // Nothing to compare but the absence of parameters.
  if (draft.match_set && !has_parameters) process.match = Match::exact;
  // The kernel cuts names; a process of a longer name carries the cut one.
  constexpr std::size_t longest_comm = 15;
  if (!process.full_command && !process.command.empty()) {
    process.command.front().resize(std::min(process.command.front().size(), longest_comm));
  }
}

// Null when it cannot mean anything.
const char* find_contradiction(const TrackProcess& process) {
  if (process.command.empty()) return "No process set";
  // quorum_max 0 alone asks for no such process at all.
  const bool none_wanted = process.quorum_max == 0u && process.quorum <= 1;
  if (process.quorum_max && *process.quorum_max < process.quorum && !none_wanted) {
    return "quorum_max is below quorum";
  }
  return nullptr;
}

}  // namespace

void read_track_process(Reader& reader, const Statement& block) {
  auto& processes = reader.model.tracking.processes;
  ProcessDraft draft;
  draft.process.name = block.word(1);
  draft.process.where = block.place(1);
  apply_statements<ProcessDraft>(reader, draft, block.block, Section::track_process, keywords);
  TrackProcess& process = draft.process;
  if (process.name.empty()) {
    reader.diagnostics.tolerated_error(block.where, "vrrp_track_process must have a name");
    return;
  }
  if (contains(processes, process.name, &TrackProcess::name)) {
    reader.diagnostics.tolerated_error(
        process.where,
        fmt::format("vrrp_track_process {} already exists - ignoring", process.name));
    return;
  }
  if (const char* problem = find_contradiction(process)) {
    reader.diagnostics.tolerated_error(
        process.where,
        fmt::format("{} for vrrp_track_process {} - removing", problem, process.name));
    return;
  }
  if (process.quorum_max == 0u) process.quorum = 0;
  settle_match(draft);
  processes.push_back(std::move(process));
}

}  // namespace baton::config::keepalived
