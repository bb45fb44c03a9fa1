// What global_defs says about named pipes, mail, and the scripts at the daemon's start and end.

#include <fmt/format.h>

#include "base/text.h"
#include "config/keepalived/command.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t most_mail_addresses = 64;

// -- named pipes --

struct FifoDraft {
  std::optional<NotifyFifo> fifo;
  std::optional<ScriptCommand> script;
  Position script_place;
};

struct MessagesDraft {
  FifoDraft all;   // notify_fifo
  FifoDraft vrrp;  // vrrp_notify_fifo
};

FifoDraft& draft_of(MessagesDraft& draft, const Statement& statement) {
  return statement.keyword().starts_with("vrrp_") ? draft.vrrp : draft.all;
}

// The account behind a command or path: words 2 and 3. Null after a tolerated error.
std::optional<ScriptUser> account_behind(Reader& reader, const Statement& statement) {
  const auto words = command_words(statement.raw);
  if (!words || words->size() < 3) return reader.model.script_user;
  Statement account = statement;
  account.words = *words;
  return read_account(reader, account, 2);
}

void fifo(Reader& reader, MessagesDraft& draft, const Statement& statement) {
  FifoDraft& target = draft_of(draft, statement);
  if (statement.words.size() < 2) {
    reader.diagnostics.tolerated_error(statement.where,
                                       fmt::format("No {} name specified", statement.keyword()));
    return;
  }
  if (target.fifo) {
    reader.diagnostics.tolerated_error(
        statement.where,
        fmt::format("{} already specified - ignoring {}", statement.keyword(), statement.word(1)));
    return;
  }
  NotifyFifo fifo;
  fifo.path = statement.word(1);
  fifo.where = statement.where;
  if (!fifo.path.starts_with('/')) {
    reader.diagnostics.note(
        statement.place(1),
        fmt::format("{} {} is not an absolute path: it counts from where baton was started",
                    statement.keyword(), fifo.path));
  }
  const auto owner = account_behind(reader, statement);
  if (!owner) return;
  fifo.owner = *owner;
  target.fifo = std::move(fifo);
}

// The command of `statement` with its account, proven as far as the disk may be asked.
std::optional<ScriptCommand> command_with_account(Reader& reader, const Statement& statement) {
  auto command = read_command(reader, statement);
  if (!command) return std::nullopt;
  const auto user = account_behind(reader, statement);
  if (!user) return std::nullopt;
  command->user = *user;
  if (!reader.checks_files) return command;
  const Safety safety = reader.model.script_security ? Safety::others_cannot_write : Safety::any;
  const std::string problem = settle_program(*command, safety);
  if (problem.empty()) return command;
  reader.diagnostics.tolerated_error(
      statement.where, fmt::format("{}: {}: it is not run", statement.keyword(), problem));
  return std::nullopt;
}

void fifo_script(Reader& reader, MessagesDraft& draft, const Statement& statement) {
  FifoDraft& target = draft_of(draft, statement);
  target.script = command_with_account(reader, statement);
  target.script_place = statement.where;
}

void states_on_reload(Reader& reader, MessagesDraft&, const Statement&) {
  reader.model.messages.states_on_reload = true;
}

// -- the frame --

void frame_script(Reader& reader, MessagesDraft&, const Statement& statement) {
  Messages& messages = reader.model.messages;
  FrameScript& frame =
      statement.keyword() == "startup_script" ? messages.startup : messages.shutdown;
  if (frame.command) {
    reader.diagnostics.tolerated_error(
        statement.where,
        fmt::format("{} already specified, ignoring {}", statement.keyword(), statement.word(1)));
    return;
  }
  frame.command = command_with_account(reader, statement);
}

void frame_timeout(Reader& reader, MessagesDraft&, const Statement& statement) {
  Messages& messages = reader.model.messages;
  FrameScript& frame =
      statement.keyword().starts_with("startup") ? messages.startup : messages.shutdown;
  const auto value =
      reader.whole(statement, 1, 1, 1000, fmt::format("{} is ignored", statement.keyword()));
  if (value) frame.timeout = std::chrono::seconds(*value);
}

// -- mail --

// Nothing that could end a line of the conversation with the mail server.
bool is_mail_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  });
}

std::optional<std::string> mail_word(Reader& reader, const Statement& statement,
                                     std::size_t index) {
  const std::string& word = statement.word(index);
  if (!word.empty() && is_mail_text(word)) return word;
  reader.diagnostics.tolerated_error(
      statement.place(index),
      fmt::format("{}: '{}' cannot stand in a mail", statement.keyword(), printable(word)));
  return std::nullopt;
}

void receivers(Reader& reader, MessagesDraft&, const Statement& block) {
  auto& to = reader.model.messages.mail.to;
  if (block.block.empty()) {
    reader.diagnostics.tolerated_error(block.where, "Warning - empty notification_email block");
  }
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    for (std::size_t i = 0; i < line.words.size(); ++i) {
      if (to.size() >= most_mail_addresses) {
        reader.diagnostics.tolerated_error(
            line.place(i),
            fmt::format("notification_email: only {} addresses are told", most_mail_addresses));
        return;
      }
      if (auto address = mail_word(reader, line, i)) to.push_back(std::move(*address));
    }
  }
}

void sender(Reader& reader, MessagesDraft&, const Statement& statement) {
  if (statement.words.size() < 2) {
    reader.diagnostics.tolerated_error(statement.where, "emailfrom missing - ignoring");
    return;
  }
  if (auto address = mail_word(reader, statement, 1)) {
    reader.model.messages.mail.from = std::move(*address);
  }
}

void greeting(Reader& reader, MessagesDraft&, const Statement& statement) {
  if (statement.words.size() < 2) {
    reader.diagnostics.note(statement.where, "smtp_helo_name without a name: this host's is used");
    return;
  }
  if (auto name = mail_word(reader, statement, 1)) {
    reader.model.messages.mail.greeting = std::move(*name);
  }
}

void mail_server(Reader& reader, MessagesDraft&, const Statement& statement) {
  Mail& mail = reader.model.messages.mail;
  std::uint16_t port = 25;
  if (statement.words.size() > 2) {
    const auto value = reader.whole(statement, 2, 1, 65535, "Invalid SMTP server port");
    if (!value) return;
    port = static_cast<std::uint16_t>(*value);
  }
  const auto host = mail_word(reader, statement, 1);
  if (!host) return;
  mail.host = *host;
  mail.port = port;
}

void connect_timeout(Reader& reader, MessagesDraft&, const Statement& statement) {
  const auto value = reader.seconds(statement, 1, 0.001, 4294, "smtp_connect_timeout is ignored");
  if (value) reader.model.messages.mail.connect_timeout = *value;
}

void no_faults(Reader& reader, MessagesDraft&, const Statement&) {
  reader.model.messages.mail.without_faults = true;
}

void alert_default(Reader& reader, MessagesDraft&, const Statement& statement) {
  const auto value = reader.boolean(statement);
  if (!value) return;
  auto& slot = statement.keyword() == "smtp_alert" ? reader.defaults.smtp_alert
                                                   : reader.defaults.smtp_alert_vrrp;
  slot = *value;
}

void priority_changes(Reader& reader, MessagesDraft&, const Statement& statement) {
  reader.defaults.priority_changes =
      reader.boolean(statement).value_or(reader.defaults.priority_changes);
}

constexpr Keyword<MessagesDraft> keywords[] = {
    {"notify_fifo", Shape::line, 0, fifo},
    {"notify_fifo_script", Shape::line, 1, fifo_script},
    {"vrrp_notify_fifo", Shape::line, 0, fifo},
    {"vrrp_notify_fifo_script", Shape::line, 1, fifo_script},
    {"fifo_write_vrrp_states_on_reload", Shape::line, 0, states_on_reload},
    {"vrrp_notify_priority_changes", Shape::line, 0, priority_changes},
    {"startup_script", Shape::line, 1, frame_script},
    {"startup_script_timeout", Shape::line, 1, frame_timeout},
    {"shutdown_script", Shape::line, 1, frame_script},
    {"shutdown_script_timeout", Shape::line, 1, frame_timeout},
    {"notification_email", Shape::block, 0, receivers},
    {"notification_email_from", Shape::line, 0, sender},
    {"smtp_server", Shape::line, 1, mail_server},
    {"smtp_helo_name", Shape::line, 0, greeting},
    {"smtp_connect_timeout", Shape::line, 1, connect_timeout},
    {"smtp_alert", Shape::line, 0, alert_default},
    {"smtp_alert_vrrp", Shape::line, 0, alert_default},
    {"no_email_faults", Shape::line, 0, no_faults},
};

void settle_fifo(Reader& reader, FifoDraft& draft, std::string_view word) {
  auto& fifos = reader.model.messages.fifos;
  if (!draft.fifo) {
    if (draft.script) {
      reader.diagnostics.tolerated_error(
          draft.script_place, fmt::format("{}_script without {}: it is not run", word, word));
    }
    return;
  }
  if (contains(fifos, draft.fifo->path, &NotifyFifo::path)) {
    reader.diagnostics.tolerated_error(
        draft.fifo->where,
        fmt::format("{} {} is another FIFO's, too - ignoring", word, draft.fifo->path));
    return;
  }
  draft.fifo->script = std::move(draft.script);
  fifos.push_back(std::move(*draft.fifo));
}

}  // namespace

void read_messages(Reader& reader, const Statement& block) {
  MessagesDraft draft;
  apply_known<MessagesDraft>(reader, draft, block.block, keywords);
  settle_fifo(reader, draft.all, "notify_fifo");
  settle_fifo(reader, draft.vrrp, "vrrp_notify_fifo");
}

bool wants_mail(Reader& reader, const std::optional<bool>& said, const Position& where,
                const std::string& owner) {
  const bool is_wanted = said.value_or(
      reader.defaults.smtp_alert_vrrp.value_or(reader.defaults.smtp_alert.value_or(false)));
  if (!is_wanted || reader.model.messages.mail.is_complete()) return is_wanted;
  if (said) {
    reader.note_once("mail", where,
                     fmt::format("{} smtp_alert: no mail is sent without smtp_server and "
                                 "notification_email in global_defs",
                                 owner));
  }
  return false;
}

}  // namespace baton::config::keepalived
