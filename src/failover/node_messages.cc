// What the supervisor and signals tell the failover process, and what it answers.

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "config/keepalived/load.h"
#include "failover/dump.h"
#include "failover/history.h"
#include "failover/node.h"
#include "failover/status.h"

namespace baton::failover {

namespace {

std::string first_error(const config::Diagnostics& diagnostics) {
  for (const auto& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == config::Severity::error) return diagnostic.message;
  }
  return "the configuration has errors";
}

}  // namespace

runtime::Task<void> Node::read_messages() {
  for (;;) {
    auto message = co_await channel_.receive();
    if (!message) {
      // Without a supervisor there is no proxy to serve meanwhile: nothing to yield for.
      if (message.error().kind != ErrorKind::cancelled) begin_stop(false);
      co_return;
    }
    on_message(std::move(*message));
  }
}

runtime::Task<void> Node::read_signals() {
  for (;;) {
    const auto signal = co_await signals_->next();
    if (!signal) co_return;
    on_signal(signal->number);
  }
}

void Node::on_message(ipc::Message message) {
  using ipc::MessageType;
  switch (message.type) {
    case MessageType::configure:
      configure(message.text);
      return;
    case MessageType::stop:
      begin_stop(true);
      return;
    case MessageType::pass:
      pass(message);
      return;
    case MessageType::pair_key:
      inputs_.pair_key = std::move(message.text);
      return;
    case MessageType::status_request:
      answer_status(message.number, message.text);
      return;
    case MessageType::proxy_attached:
      attach_proxy(std::move(message));
      return;
    case MessageType::proxy_retired:
      proxy_.retired(message.number, message.second == 1, loop_.refresh_now());
      review_proxy();
      return;
    case MessageType::script_result:
      take_script_result(message);
      return;
    case MessageType::dump:
      on_signal(static_cast<int>(message.number));
      return;
    default:
      return;
  }
}

void Node::on_signal(int number) {
  switch (number) {
    case SIGTERM:
    case SIGINT:
      begin_stop(true);
      return;
    case SIGHUP:
      static_cast<void>(channel_.send(ipc::MessageType::reload_wanted));
      return;
    default:
      break;
  }
  const Instant now = loop_.refresh_now();
  const config::ProcessPlaces& places = config_->places;
  if (number == SIGUSR1) {
    log_.write(LogLevel::info, "Printing VRRP data for process on signal");
    write_dump(places.data_path, dump_text(*this, now, runtime::wall_now()), places.umask, log_);
  } else if (number == SIGUSR2 || number == signal_stats_clear) {
    log_.write(LogLevel::info, "Printing VRRP stats for process on signal");
    write_dump(places.stats_path, dump_statistics(*this), places.umask, log_);
    if (number == signal_stats_clear) {
      for (const auto& router : routers_) router->clear_counters();
    }
  } else if (number == signal_json) {
    log_.write(LogLevel::info, "Printing VRRP as json for process on signal");
    write_dump(places.json_path, dump_json(*this, now, runtime::wall_now()), places.umask, log_);
  }
}

void Node::configure(const std::string& packed) {
  const auto refuse = [&](const std::string& why) {
    log_.print(LogLevel::error, "new configuration is not used: {}", why);
    ipc::Message reply;
    reply.type = ipc::MessageType::failed;
    reply.text = why;
    static_cast<void>(channel_.send(std::move(reply)));
  };
  auto sources = config::SourceTree::unpack(packed);
  if (!sources) return refuse("the files did not arrive whole");
  config::Diagnostics diagnostics;
  const auto config = config::keepalived::load(*sources, inputs_.load_options, diagnostics);
  if (!config) return refuse(first_error(diagnostics));
  if (const auto problem = find_unsupported(*config)) return refuse(*problem);
  log_.write(LogLevel::info, "Reloading ...");
  // A check that runs may not come back in the new configuration; keepalived ends it, too.
  static_cast<void>(channel_.send(ipc::MessageType::kill_scripts));
  scripts_.forget_runs(loop_.refresh_now());
  use(config);
  if (config->messages.states_on_reload) announce_all_states();
  log_.write(LogLevel::info, "Reload complete");
  static_cast<void>(channel_.send(ipc::MessageType::ready));
}

void Node::attach_proxy(ipc::Message message) {
  if (message.fds.size() != 2) return;
  auto pulse = ipc::Pulse::open(std::move(message.fds[0]));
  if (!pulse) {
    log_.print(LogLevel::error, "proxy's pulse: {}", baton::describe(pulse.error()));
    return;
  }
  const std::uint64_t generation = message.number;
  const bool first = !proxy_.was_announced();
  proxy_.attached(generation, std::move(*pulse), loop_.refresh_now());
  // Lives of earlier generations no longer count; the one that a new one has the number of ends.
  proxy_lives_.clear();
  proxy_lives_[generation] =
      std::make_unique<ReadWatch>(loop_, std::move(message.fds[1]), [this, generation] {
        const auto found = proxy_lives_.find(generation);
        if (found == proxy_lives_.end() || !found->second->hung_up()) return true;
        proxy_.life_ended(generation, loop_.refresh_now());
        review_proxy();
        return true;
      });
  if (first) use(config_);  // instances that were waiting for one to appear track it from now on
  review_proxy();
}

void Node::take_script_result(const ipc::Message& message) {
  const auto result = ipc::ScriptResult::decode(message.text);
  if (!result) return;
  if (message.number >= first_notify_ticket) {
    for (auto& [name, queue] : notifications_) queue.finished(message.number);
    for (auto& [name, queue] : group_notifications_) queue.finished(message.number);
    run_notifications();
    review_stop();
    return;
  }
  if (const auto outcome = scripts_.report(message.number, *result, loop_.refresh_now())) {
    take_outcome(*outcome);
  }
}

void Node::answer_status(std::uint64_t ticket, const std::string& subject) {
  ipc::Message reply;
  reply.type = ipc::MessageType::status_reply;
  reply.number = ticket;
  const Instant now = loop_.refresh_now();
  if (subject == "history") {
    reply.text = json_text(history(recorder_, now));
  } else {
    auto own = status(*this, now, runtime::wall_now());
    add_peer_statuses(own);
    reply.text = json_text(own);
  }
  static_cast<void>(channel_.send(std::move(reply)));
}

}  // namespace baton::failover
