// FIFO scripts, frame scripts, and the two ways of an announcement.

#include "supervisor/messenger.h"

#include <algorithm>
#include <cstring>

#include "failover/script_schedule.h"
#include "runtime/gate.h"

namespace baton::supervisor {

void Messenger::configure(std::shared_ptr<const config::Failover> config) {
  config_ = std::move(config);
  fifos_.configure(config_->messages.fifos);
  for (const auto& fifo : config_->messages.fifos) {
    if (fifo.script && fifos_.has(fifo.path)) start_companion(fifo);
  }
}

// One that has ended is started again by the next reload, not earlier: as keepalived.
void Messenger::start_companion(const config::NotifyFifo& fifo) {
  if (std::ranges::find(running_, fifo.path) != running_.end()) return;
  running_.push_back(fifo.path);
  ScriptRunner::Job job;
  job.kind = ipc::ScriptRequest::Kind::check;  // ends with the tree
  job.arguments = fifo.script->arguments;
  job.arguments.push_back(fifo.path);
  job.user = fifo.script->user;
  const std::string path = fifo.path;
  const std::string program = job.arguments[0];
  companions_.run(std::move(job), [this, path, program](std::uint64_t, const auto& result) {
    std::erase(running_, path);
    if (loop_.cancelled()) return;
    log_.print(LogLevel::warning, "Notify fifo script {} for {} {}", program, path,
               failover::describe(result));
  });
}

void Messenger::announce(const ipc::Announcement& announcement) {
  if (!config_) return;
  if (announcement.by_fifo) fifos_.write(announcement.line());
  const config::Mail& mail = config_->messages.mail;
  if (!announcement.by_mail || !mail.is_complete()) return;
  mailer_.send(make_letter(announcement, mail, config_->router_id, mail_date(runtime::wall_now())));
}

runtime::Task<void> Messenger::finish() {
  fifos_.close();
  const Instant patience = loop_.refresh_now() + finish_patience;
  while ((!running_.empty() || !mailer_.idle()) && loop_.now() < patience) {
    static_cast<void>(co_await loop_.sleep_for(10ms));
  }
  companions_.end_checks();
}

runtime::Task<void> Messenger::run_frame(const config::FrameScript& script, std::string_view word) {
  if (!script.command) co_return;
  log_.print(LogLevel::info, "Running {} script {}", word, script.command->arguments[0]);
  ScriptRunner::Job job;
  job.kind = ipc::ScriptRequest::Kind::check;
  job.arguments = script.command->arguments;
  job.user = script.command->user;
  job.timeout = script.timeout;
  runtime::Gate ended(loop_);
  std::optional<ipc::ScriptResult> result;
  frame_.run(std::move(job), [&](std::uint64_t, const ipc::ScriptResult& got) {
    result = got;
    ended.open();
  });
  while (!result && !loop_.cancelled()) static_cast<void>(co_await ended.wait());
  if (!result) co_return;
  const bool is_good = result->outcome == ipc::ScriptOutcome::exited && result->code == 0;
  log_.print(is_good ? LogLevel::info : LogLevel::error, "{} script {}", word,
             is_good ? "succeeded" : failover::describe(*result));
}

}  // namespace baton::supervisor
