// What the tree is asked for: by signals, by the control socket, by its children.

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "base/json_text.h"
#include "base/text.h"
#include "failover/dump.h"
#include "supervisor/tree.h"
#include "supervisor/tree_log.h"

namespace baton::supervisor {

namespace {

// Bounded: a child that hangs must not make the command hang.
constexpr Duration status_patience = 500ms;

std::string iso_time(WallTime time) {
  const auto ms = std::chrono::time_point_cast<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", seconds, (ms - seconds).count());
}

nlohmann::json parsed_or_problem(const std::optional<std::string>& text) {
  if (!text) return {{"problem", "the process does not answer"}};
  auto value = parse_json(*text);
  if (!value.is_object()) return {{"problem", "the process gave no status"}};
  return value;
}

std::string_view state_word(ProxyPart::State state) {
  switch (state) {
    case ProxyPart::State::starting:
      return "starting";
    case ProxyPart::State::serving:
      return "serving";
    case ProxyPart::State::draining:
      return "draining";
    case ProxyPart::State::ended:
      return "ended";
  }
  return "";
}

std::string_view personality_word(Personality personality) {
  switch (personality) {
    case Personality::baton:
      return "baton";
    case Personality::nginx:
      return "nginx";
    case Personality::keepalived:
      return "keepalived";
  }
  return "";
}

}  // namespace

runtime::Task<void> Tree::receive_signals() {
  for (;;) {
    const auto signal = co_await signals_->next();
    if (!signal) co_return;
    on_signal(*signal);
  }
}

void Tree::on_signal(const runtime::Signal& signal) {
  const int number = signal.number;
  if (options_.personality == Personality::keepalived) return on_keepalived_signal(number);
  log_->print(LogLevel::notice, "signal {} (SIG{}) received from {}{}", number,
              ::sigabbrev_np(number) ? ::sigabbrev_np(number) : "RT", signal.sender_pid,
              action_of(number));
  switch (number) {
    case SIGHUP:
      // As long as the new binary runs, HUP takes the old one back as it was.
      if (new_binary_ > 0) {
        accept_again();
      } else {
        want_reload();
      }
      break;
    case SIGTERM:
    case SIGINT:
      stop(false);
      break;
    case SIGQUIT:
      stop(true);
      break;
    case SIGUSR1:
      reopen_logs();
      break;
    case SIGUSR2:
      change_binary();
      break;
    case SIGWINCH:
      stop_accepting();
      break;
    default:
      break;
  }
}

void Tree::on_keepalived_signal(int number) {
  switch (number) {
    case SIGHUP:
      want_reload();
      break;
    case SIGTERM:
    case SIGINT:
      if (!stopping_) log_->write(LogLevel::info, "Stopping");
      stop(false);
      break;
    case SIGQUIT:
    case SIGWINCH:
      break;
    default:
      if (number == SIGUSR1) dump_globals();
      failover_->dump(number);
  }
}

// keepalived_parent.data; the failover process writes the rest.
void Tree::dump_globals() {
  const config::ProcessPlaces& places = configuration_->failover->places;
  log_->write(LogLevel::info, "Printing parent data for process on signal");
  failover::write_dump(places.parent_data_path, failover::dump_globals(*configuration_->failover),
                       places.umask, *log_);
}

void Tree::stop(bool gracefully) {
  if (stopping_ && !gracefully) in_a_hurry_ = true;
  // Once somebody is in a hurry, it stays so.
  stop_gracefully_ = gracefully && (!stopping_ || stop_gracefully_);
  stopping_ = true;
  changed_.open();
  if (proxy_) proxy_->changed().open();
}

void Tree::reopen_logs() {
  log_->write(LogLevel::notice, "reopening logs");
  reopen(*log_);
  if (proxy_) proxy_->reopen_logs();
}

// Asked for before everything runs, it is done as soon as that is so: the file may have changed
// since it was read.
void Tree::want_reload() {
  if (stopping_) return;
  if (serving_) {
    tasks_.spawn(reload_task());
  } else {
    reload_early_ = true;
  }
}

runtime::Task<void> Tree::reload_task() {
  static_cast<void>(co_await reload());
}

// Requests that come while a reload runs are answered together by the next one.
runtime::Task<Tree::ReloadResult> Tree::reload() {
  const std::uint64_t wanted = ++reloads_wanted_;
  if (reloading_) {
    while (reloads_done_ < wanted && !stopping_) static_cast<void>(co_await changed_.wait());
    co_return last_reload_.value_or(ReloadResult{false, "baton is stopping", {}});
  }
  reloading_ = true;
  ReloadResult result;
  while (reloads_done_ < reloads_wanted_ && !stopping_) {
    const std::uint64_t answered = reloads_wanted_;
    result = co_await reload_once();
    last_reload_ = result;
    reloads_done_ = answered;
    changed_.open();
  }
  reloading_ = false;
  co_return result;
}

runtime::Task<Tree::ReloadResult> Tree::reload_once() {
  service_.reloading();
  log_->write(LogLevel::notice, options_.personality == Personality::keepalived
                                    ? std::string_view("Reloading ...")
                                    : std::string_view("reconfiguring"));
  ReloadResult result;
  result.when = runtime::wall_now();
  auto loaded = read_anew();
  result.text = loaded.configuration ? loaded.serious : loaded.report;
  log_all(loaded.log_lines);
  if (loaded.configuration) {
    const std::string problem = co_await apply(loaded.configuration);
    result.ok = problem.empty();
    if (!result.ok) {
      result.text += problem + "\n";
      log_->write(LogLevel::emergency, problem);
    }
  } else {
    result.ok = false;
  }
  if (!result.ok) {
    log_->write(LogLevel::error, "the configuration cannot be used: everything stays as it was");
  } else if (options_.personality == Personality::keepalived) {
    log_->write(LogLevel::info, "Reload complete");
  }
  service_.ready(::getpid(), result.ok ? "ready" : "ready, but the last reload failed");
  co_return result;
}

// While the files are read, reload_file tells those who write them; what is wrong with them goes to
// the file that reload_check_config names, too.
LoadedConfiguration Tree::read_anew() {
  const config::ProcessPlaces places =
      configuration_->failover ? configuration_->failover->places : config::ProcessPlaces();
  if (!places.reload_file.empty()) {
    const runtime::Fd mark(::open(places.reload_file.c_str(),
                                  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!mark) log_->print(LogLevel::error, "cannot create reload file {}", places.reload_file);
  }
  auto loaded = load_configuration(options_.files, Wording::baton);
  if (!places.reload_file.empty()) static_cast<void>(::unlink(places.reload_file.c_str()));
  if (places.reload_check_log && !loaded.report.empty()) {
    std::ofstream(*places.reload_check_log, std::ios::app) << loaded.report;
  }
  return loaded;
}

runtime::Task<void> Tree::follow_reload_time() {
  ReloadSchedule schedule(*log_);
  while (!loop_.cancelled()) {
    const config::ProcessPlaces& places = configuration_->failover->places;
    if (schedule.is_due(places.reload_time_file, runtime::wall_now())) {
      if (!places.reload_repeat) static_cast<void>(::unlink(places.reload_time_file.c_str()));
      log_->write(LogLevel::info, "Reloading at the scheduled time");
      want_reload();
    }
    static_cast<void>(co_await loop_.sleep_for(1s));
  }
}

runtime::Task<std::string> Tree::apply(std::shared_ptr<const Configuration> fresh) {
  if (proxy_) {
    const std::string problem = co_await proxy_->bring_up(fresh, 1);
    if (!problem.empty()) co_return problem;
  }
  if (failover_) {
    messenger_->configure(fresh->failover);
    const std::string problem = co_await failover_->configure(fresh);
    if (!problem.empty()) {
      messenger_->configure(configuration_->failover);
      // Both or none.
      if (proxy_) static_cast<void>(co_await proxy_->bring_up(configuration_, 1));
      co_return problem;
    }
  }
  configuration_ = std::move(fresh);
  if (options_.personality == Personality::nginx) {
    log_->become(*make_tree_log(options_, configuration_->proxy.get()));
    console_ = nullptr;
  }
  follow_pid_path();
  co_return "";
}

runtime::Task<nlohmann::json> Tree::start_stopped() {
  std::string done;
  std::string problem;
  if (proxy_ && !proxy_->serving()) {
    problem = co_await proxy_->bring_up(configuration_, 1);
    if (problem.empty()) done += "the proxy is started\n";
  }
  if (failover_ && !failover_->process() && problem.empty()) {
    problem = co_await failover_->configure(configuration_);
    if (problem.empty()) done += "failover is started\n";
  }
  if (!problem.empty()) co_return nlohmann::json{{"ok", false}, {"text", problem}};
  if (done.empty()) done = "everything runs already\n";
  co_return nlohmann::json{{"ok", true}, {"text", done}};
}

runtime::Task<nlohmann::json> Tree::execute(std::string command) {
  nlohmann::json reply = {{"ok", true}};
  if (command == "status") {
    reply["status"] = co_await status();
  } else if (command == "history") {
    reply["history"] = co_await history();
  } else if (command == "reload") {
    const ReloadResult result = co_await reload();
    reply["ok"] = result.ok;
    reply["text"] = result.text;
  } else if (command == "start") {
    reply = co_await start_stopped();
  } else if (command == "stop" || command == "quit") {
    log_->write(LogLevel::notice, "stopped by command");
    stop(command == "quit");
  } else if (command == "pass" || command.starts_with("pass ")) {
    reply = co_await pass(command.substr(std::min<std::size_t>(command.size(), 5)));
  } else if (command == "reopen") {
    reopen_logs();
  } else {
    reply = {{"ok", false}, {"text", "baton has no such command: " + printable(command)}};
  }
  co_return reply;
}

// "INSTANCE\nPEER", either may be empty.
runtime::Task<nlohmann::json> Tree::pass(std::string words) {
  if (!failover_) {
    // Another tree of this machine may have one.
    co_return nlohmann::json{
        {"ok", false}, {"elsewhere", true}, {"text", "there is no failover part"}};
  }
  const auto line_end = words.find('\n');
  const std::string peer = line_end == std::string::npos ? "" : words.substr(line_end + 1);
  const auto [ok, text] = co_await failover_->pass(words.substr(0, line_end), peer);
  co_return nlohmann::json{{"ok", ok}, {"text", text}};
}

runtime::Task<nlohmann::json> Tree::status() {
  nlohmann::json result = {
      {"version", BATON_VERSION},
      {"started_as", personality_word(options_.personality)},
      {"pid", ::getpid()},
      {"started", iso_time(started_wall_)},
      {"uptime_ms", to_ms(loop_.refresh_now() - started_at_)},
      {"run_directory", options_.run_directory},
      {"files", nlohmann::json::object()},
      {"configuration_loaded", iso_time(configuration_->loaded)},
      {"processes", processes()},
  };
  if (options_.files.proxy) result["files"]["proxy"] = options_.files.proxy->path;
  if (options_.files.failover) result["files"]["failover"] = options_.files.failover->path;
  result["last_reload"] = nullptr;
  if (last_reload_) {
    result["last_reload"] = {{"time", iso_time(last_reload_->when)},
                             {"ok", last_reload_->ok},
                             {"text", last_reload_->text}};
  }
  if (link_client_) result["failover_connected"] = link_client_->connected();
  std::shared_ptr<ChildProcess> proxy;
  if (proxy_ && proxy_->serving()) proxy = proxy_->serving()->child;
  std::shared_ptr<ChildProcess> failover;
  if (failover_) failover = failover_->process();
  if (proxy) {
    const auto answer = co_await ChildProcess::ask_status(proxy, status_patience);
    result["proxy"] = parsed_or_problem(answer);
  } else if (proxy_) {
    result["proxy"] = {{"problem", proxy_->stopped_on_purpose() ? "stopped" : "not running"}};
  }
  if (failover) {
    const auto answer = co_await ChildProcess::ask_status(failover, status_patience);
    result["failover"] = parsed_or_problem(answer);
  } else if (failover_) {
    result["failover"] = {{"problem", failover_->stopped_on_purpose() ? "stopped" : "not running"}};
  }
  co_return result;
}

// What the failover process remembers of its transitions; null without one.
runtime::Task<nlohmann::json> Tree::history() {
  if (!failover_ || !failover_->process()) co_return nullptr;
  const auto answer =
      co_await ChildProcess::ask_status(failover_->process(), status_patience, "history");
  co_return parsed_or_problem(answer);
}

nlohmann::json Tree::processes() const {
  auto list = nlohmann::json::array();
  list.push_back({{"role", "supervisor"},
                  {"pid", ::getpid()},
                  {"state", stopping_ ? "stopping" : "running"},
                  {"uptime_ms", to_ms(loop_.now() - started_at_)},
                  {"restarts", 0}});
  if (proxy_) {
    for (const auto& generation : proxy_->all()) {
      list.push_back({{"role", "proxy"},
                      {"pid", generation->child->pid()},
                      {"state", state_word(generation->state)},
                      {"generation", generation->number},
                      {"uptime_ms", to_ms(loop_.now() - generation->child->started())},
                      {"restarts", proxy_->crashes()}});
    }
  }
  if (failover_ && failover_->process()) {
    list.push_back({{"role", "failover"},
                    {"pid", failover_->process()->pid()},
                    {"state", failover_->ready() ? "running" : "starting"},
                    {"uptime_ms", to_ms(loop_.now() - failover_->process()->started())},
                    {"restarts", failover_->crashes()}});
  }
  return list;
}

void Tree::log_all(const std::vector<std::pair<LogLevel, std::string>>& lines) {
  for (const auto& [level, line] : lines) log_->write(level, line);
}

// nginx's pid file may have been given another name.
void Tree::follow_pid_path() {
  if (options_.personality != Personality::nginx) return;
  const std::string& path = configuration_->proxy->pid_path;
  if (path == options_.pid_path) return;
  auto lock = PidLock::acquire(path);
  if (!lock || !lock->write(::getpid())) {
    log_->print(LogLevel::error, "cannot write the pid file {}", path);
    return;
  }
  lock_ = std::move(*lock);  // the old one is removed
  options_.pid_path = path;
}

}  // namespace baton::supervisor
