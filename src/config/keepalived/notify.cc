// notify_master and its family: commands that are told of changes of state.

#include <fmt/format.h>

#include "config/keepalived/command.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

std::optional<ScriptCommand>* slot_of(NotifyCommands& notify, std::string_view keyword) {
  if (keyword == "notify_master") return &notify.master;
  if (keyword == "notify_backup") return &notify.backup;
  if (keyword == "notify_fault") return &notify.fault;
  if (keyword == "notify_stop") return &notify.stop;
  if (keyword == "notify_master_rx_lower_pri") return &notify.lower_priority;
  if (keyword == "notify_deleted") return &notify.deleted;
  return &notify.any;
}

}  // namespace

void read_notify(Reader& reader, NotifyCommands& notify, const std::string& owner,
                 const Statement& statement) {
  auto command = read_command(reader, statement);
  if (!command) return;
  std::optional<ScriptCommand>& slot = *slot_of(notify, statement.keyword());
  if (slot) {
    reader.diagnostics.tolerated_error(
        statement.where, fmt::format("{} {} script already specified - ignoring {}", owner,
                                     statement.keyword(), command->arguments[0]));
    return;
  }
  if (const auto words = command_words(statement.raw); words && words->size() > 2) {
    // The account stands behind the command, which is one word of its own kind.
    Statement account = statement;
    account.words = *words;
    const auto user = read_account(reader, account, 2);
    if (!user) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("Invalid user/group for {} script {} - ignoring", statement.keyword(),
                      command->arguments[0]),
          "a command with arguments needs double quotes around it");
      return;
    }
    command->user = *user;
  }
  if (reader.checks_files) {
    const bool strict = reader.model.script_security;
    const std::string problem =
        settle_program(*command, strict ? Safety::others_cannot_write : Safety::any);
    if (!problem.empty()) {
      // Safety is not a matter of trying.
      const bool is_unsafe = problem.starts_with("Unsafe");
      reader.diagnostics.tolerated_error(
          statement.where, fmt::format("{} {}: {}; {}", owner, statement.keyword(), problem,
                                       is_unsafe ? "it is never run"
                                                 : "it is tried all the same when its time comes"));
      if (is_unsafe) return;
    }
  }
  slot = std::move(*command);
}

void read_notify_option(Reader& reader, NotifyCommands& notify, const std::string& owner,
                        const Statement& statement) {
  if (statement.keyword() == "notify_priority_changes") {
    notify.priority_changes = reader.boolean(statement).value_or(notify.priority_changes);
    return;
  }
  notify.tells_deleted = true;
  if (statement.words.size() > 1) read_notify(reader, notify, owner, statement);
}

}  // namespace baton::config::keepalived
