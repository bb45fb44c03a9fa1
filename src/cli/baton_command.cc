// Started as `baton`: its own commands.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/check.h"
#include "cli/commands.h"
#include "cli/control_commands.h"
#include "cli/key_command.h"
#include "cli/trace.h"
#include "supervisor/supervise.h"

namespace baton::cli {

namespace {

constexpr const char* stock_proxy = "/etc/nginx/nginx.conf";
constexpr const char* stock_failover = "/etc/keepalived/keepalived.conf";

// Everything that may stand on the command line.
struct Words {
  std::string proxy;
  std::string failover;
  std::string run_directory = default_run_directory();
  StatusOptions status;
  HistoryOptions history;
  TraceOptions trace;
  bool gracefully = false;
  std::string key_path = default_key_path;
  std::string instance;
  std::string peer;
};

// Neither file named: those that a machine with nginx and keepalived has.
void fill_in_stock_files(Words& words) {
  if (!words.proxy.empty() || !words.failover.empty()) return;
  if (::access(stock_proxy, R_OK) == 0) words.proxy = stock_proxy;
  if (::access(stock_failover, R_OK) == 0) words.failover = stock_failover;
}

int complain_about_files() {
  fmt::print(stderr,
             "baton: nothing to do: neither {} nor {} is there, and none was named "
             "(--proxy, --ha)\n",
             stock_proxy, stock_failover);
  return 2;
}

int run(Words& words, const CommandLine& line) {
  fill_in_stock_files(words);
  if (words.proxy.empty() && words.failover.empty()) return complain_about_files();
  supervisor::Options options;
  options.run_directory = std::filesystem::absolute(words.run_directory);
  options.pid_path = options.run_directory + "/baton.pid";
  options.command_line = line.text();
  if (!words.proxy.empty()) {
    options.files.proxy.emplace();
    options.files.proxy->path = std::filesystem::absolute(words.proxy);
  }
  if (!words.failover.empty()) {
    options.files.failover.emplace();
    options.files.failover->path = std::filesystem::absolute(words.failover);
    // Where keepalived's are, unless this is a trial in a folder of its own.
    const bool is_the_system = options.run_directory == "/run/baton";
    const std::string folder = is_the_system ? "/run" : options.run_directory;
    options.failover_pid_paths = {folder + "/keepalived.pid", folder + "/vrrp.pid"};
  }
  return supervisor::supervise(std::move(options));
}

int check_files(Words& words) {
  fill_in_stock_files(words);
  if (words.proxy.empty() && words.failover.empty()) return complain_about_files();
  CheckOptions options;
  options.proxy_path = words.proxy;
  options.failover_path = words.failover;
  options.on_this_host = true;
  options.colours = ::isatty(STDOUT_FILENO) == 1;
  return check(options, std::cout);
}

int refuse_by_name(const char* command) {
  fmt::print(stderr, "baton: `{}` is not part of this version yet\n", command);
  return 2;
}

void add_files(CLI::App& command, Words& words) {
  command.add_option("--proxy", words.proxy, "nginx.conf of the proxy")->type_name("FILE");
  command.add_option("--ha", words.failover, "keepalived.conf of the failover part")
      ->type_name("FILE");
}

// The command among the words: the first that is no option, and not the value of one.
std::string command_of(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--run-dir") {
      ++i;
    } else if (!arguments[i].starts_with('-')) {
      return arguments[i];
    }
  }
  return "";
}

// `help`, `help COMMAND`, nothing at all and a word that is no command: the exit code, or none
// when there is a command to be done.
std::optional<int> answer_to_first_word(CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    fmt::print(stderr, "{}", app.help());
    return 2;
  }
  std::string word = command_of(arguments);
  const bool asks = word == "help";
  if (asks) word = arguments.back() == "help" ? "" : arguments.back();
  const CLI::App* command = word.empty() ? &app : nullptr;
  for (const CLI::App* known : app.get_subcommands({})) {
    if (known->get_name() == word) command = known;
  }
  if (!command) {
    fmt::print(stderr, "baton: there is no command `{}`; `baton help` lists them\n", word);
    return 2;
  }
  if (!asks) return std::nullopt;
  fmt::print("{}", command == &app ? app.help() : command->help("baton"));
  return 0;
}

}  // namespace

int run_as_baton(const CommandLine& line) {
  Words words;
  int code = 0;
  CLI::App app("baton: reverse proxy and failover of a virtual address in one program", "baton");
  app.set_version_flag("--version", "baton " BATON_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--run-dir", words.run_directory, "folder of sockets and pid files")
      ->type_name("DIR");

  auto* run_command = app.add_subcommand("run", "serve, in the foreground");
  add_files(*run_command, words);
  run_command->callback([&] { code = run(words, line); });

  auto* check_command = app.add_subcommand("check", "show every problem of the files");
  add_files(*check_command, words);
  check_command->callback([&] { code = check_files(words); });

  auto* status_command = app.add_subcommand("status", "who holds the address and why, upstreams");
  status_command->add_flag("--json", words.status.json, "for programs");
  status_command->add_flag("--watch", words.status.watch, "live, the whole pair; q quits");
  status_command->callback([&] { code = show_status(words.run_directory, words.status); });

  auto* history_command =
      app.add_subcommand("history", "the last transitions: why, what led to them, the outage");
  history_command->add_option("count", words.history.count, "how many (default 5)")
      ->check(CLI::Range(1, 1'000'000));
  history_command->add_flag("--json", words.history.json, "for programs");
  history_command->add_flag("--brief", words.history.brief, "without the timelines");
  history_command->callback([&] { code = show_history(words.run_directory, words.history); });

  auto* reload_command = app.add_subcommand("reload", "use the changed files, lose nothing");
  reload_command->callback([&] { code = reload(words.run_directory); });
  auto* start_command =
      app.add_subcommand("start", "bring back a part that was stopped on purpose");
  start_command->callback([&] { code = start(words.run_directory); });
  auto* stop_command = app.add_subcommand("stop", "hand the address over and end");
  stop_command->add_flag("--graceful", words.gracefully, "let running requests finish");
  stop_command->callback([&] { code = stop(words.run_directory, words.gracefully); });

  auto* trace_command = app.add_subcommand("trace", "decode VRRP on the wire, live");
  trace_command->add_option("-i,--interface,interface", words.trace.interface, "default: all");
  trace_command->add_option("-c,--count", words.trace.count, "stop after so many packets");
  trace_command->callback([&] { code = trace(words.trace, std::cout, std::cerr); });

  auto* key_command = app.add_subcommand("key", "make the key that the nodes of a pair share");
  key_command->add_option("file", words.key_path, "where it goes")
      ->type_name("FILE")
      ->capture_default_str();
  key_command->callback([&] { code = make_key(words.key_path); });

  auto* pass_command =
      app.add_subcommand("pass", "hand the address to the other node, lose nothing");
  pass_command->add_option("instance", words.instance, "vrrp_instance; default: all that are here");
  pass_command->add_option("--to", words.peer, "address or name of the node that shall have it");
  pass_command->callback([&] { code = pass(words.run_directory, words.instance, words.peer); });

  for (const char* later : {"upgrade"}) {
    auto* command = app.add_subcommand(later, "not part of this version yet");
    command->allow_extras();
    command->callback([&code, later] { code = refuse_by_name(later); });
  }

  if (const auto early = answer_to_first_word(app, line.arguments)) return *early;

  // CLI11 takes words last first.
  std::vector<std::string> reversed(line.arguments.rbegin(), line.arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  }
  return code;
}

std::string CommandLine::text() const {
  std::string result = program;
  for (const auto& argument : arguments) result += " " + argument;
  return result;
}

std::string default_run_directory() {
  if (const char* chosen = std::getenv("BATON_RUN_DIR"); chosen && *chosen) return chosen;
  if (::geteuid() == 0) return "/run/baton";
  if (const char* own = std::getenv("XDG_RUNTIME_DIR"); own && *own) {
    return std::string(own) + "/baton";
  }
  return "/run/baton";
}

}  // namespace baton::cli
