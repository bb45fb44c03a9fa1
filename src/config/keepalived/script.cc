// vrrp_script: a command that is run again and again, whose exit code says whether all is well.

#include <fmt/format.h>

#include "config/keepalived/command.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

struct ScriptDraft {
  VrrpScript script;
  const Statement* command = nullptr;
  bool account_failed = false;
  std::optional<ScriptUser> user;
};

void command(Reader& reader, ScriptDraft& draft, const Statement& statement) {
  draft.command = &statement;
  const auto words = command_words(statement.raw);
  if (words && words->size() > 2) {
    reader.diagnostics.warning(
        statement.place(2),
        fmt::format("'{}' and what follows is not passed to the script, as in keepalived",
                    (*words)[2].text),
        "put the whole command in double quotes");
  }
}

void interval(Reader& reader, ScriptDraft& draft, const Statement& statement) {
  const auto value = reader.seconds(statement, 1, 0.001, 4294,
                                    fmt::format("({}): vrrp script interval '{}' is ignored",
                                                draft.script.name, statement.word(1)));
  if (value) draft.script.interval = *value;
}

void timeout(Reader& reader, ScriptDraft& draft, const Statement& statement) {
  const auto value = reader.seconds(statement, 1, 0, 4294,
                                    fmt::format("({}): vrrp script timeout '{}' is ignored",
                                                draft.script.name, statement.word(1)));
  if (value) draft.script.timeout = *value;
}

void weight(Reader& reader, ScriptDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, -253, 253,
                                  fmt::format("vrrp_script {} weight must be in [-253, 253], "
                                              "using {}",
                                              draft.script.name, draft.script.weight));
  if (!value) return;
  draft.script.weight = static_cast<int>(*value);
  if (statement.word(2) == "reverse") {
    draft.script.weight_reverse = true;
  } else if (statement.words.size() > 2) {
    reader.diagnostics.tolerated_error(statement.place(2),
                                       fmt::format("vrrp_script {} unknown weight option {}",
                                                   draft.script.name, statement.word(2)),
                                       "the only option is \"reverse\"");
  }
}

void count(Reader& reader, ScriptDraft& draft, const Statement& statement) {
  const auto value =
      reader.whole(statement, 1, 1, INT32_MAX,
                   fmt::format("({}): vrrp script {} value '{}' invalid, defaulting to 1",
                               draft.script.name, statement.keyword(), statement.word(1)));
  (statement.keyword() == "rise" ? draft.script.rise : draft.script.fall) =
      static_cast<std::uint32_t>(value.value_or(1));
}

void user(Reader& reader, ScriptDraft& draft, const Statement& statement) {
  draft.user = read_account(reader, statement, 1);
  draft.account_failed = !draft.user;
}

void init_fail(Reader&, ScriptDraft& draft, const Statement&) {
  draft.script.initially_failed = true;
}

constexpr Keyword<ScriptDraft> keywords[] = {
    {"script", Shape::line, 1, command},  {"interval", Shape::line, 1, interval},
    {"timeout", Shape::line, 1, timeout}, {"weight", Shape::line, 1, weight},
    {"rise", Shape::line, 1, count},      {"fall", Shape::line, 1, count},
    {"user", Shape::line, 1, user},       {"init_fail", Shape::line, 0, init_fail},
};

// Fills in the command; false when the script cannot be used at all.
bool settle_command(Reader& reader, ScriptDraft& draft, ScriptFacts& facts) {
  if (!draft.command) {
    reader.diagnostics.tolerated_error(
        draft.script.where,
        fmt::format("No script set for vrrp_script {} - removing", draft.script.name));
    return false;
  }
  auto read = read_command(reader, *draft.command);
  if (!read) return false;
  draft.script.command = std::move(*read);
  if (draft.user) draft.script.command.user = *draft.user;
  if (draft.account_failed) {
    facts.problem = "the account that it is to run under does not exist";
  } else if (reader.checks_files) {
    facts.problem =
        settle_program(draft.script.command,
                       reader.model.script_security ? Safety::others_cannot_write : Safety::any);
  }
  return true;
}

}  // namespace

void read_script(Reader& reader, const Statement& block) {
  ScriptDraft draft;
  draft.script.name = block.word(1);
  draft.script.where = block.place(1);
  apply_statements<ScriptDraft>(reader, draft, block.block, Section::script, keywords);
  if (draft.script.name.empty()) {
    reader.diagnostics.tolerated_error(block.where, "vrrp_script must have a name");
    return;
  }
  if (reader.script_index.contains(draft.script.name)) {
    reader.diagnostics.tolerated_error(
        draft.script.where, fmt::format("vrrp_script {} already defined", draft.script.name));
    return;
  }
  ScriptFacts facts;
  facts.order = reader.order;
  if (!settle_command(reader, draft, facts)) return;
  reader.script_index[draft.script.name] = static_cast<std::uint32_t>(reader.model.scripts.size());
  reader.model.scripts.push_back(std::move(draft.script));
  reader.script_facts.push_back(std::move(facts));
}

void settle_scripts(Reader& reader) {
  for (std::size_t i = 0; i < reader.model.scripts.size(); ++i) {
    const VrrpScript& script = reader.model.scripts[i];
    const ScriptFacts& facts = reader.script_facts[i];
    if (!facts.is_tracked) {
      reader.diagnostics.note(script.where, fmt::format("script {} is not used", script.name));
    }
    if (facts.problem.empty()) continue;
    if (!facts.is_tracked) {
      reader.diagnostics.tolerated_error(
          script.command.where,
          fmt::format("Disabling track script {} since not found/accessible: {}", script.name,
                      facts.problem));
    } else {
      reader.diagnostics.error(
          script.command.where,
          fmt::format("track script {} cannot be run: {}; keepalived would disable it and run "
                      "without this check, baton does not",
                      script.name, facts.problem));
    }
  }
}

}  // namespace baton::config::keepalived
