// Finding the trees, asking them, printing what they say. nginx and keepalived started separately
// are two trees: both are asked.

#include "cli/control_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/json_text.h"
#include "cli/history_text.h"
#include "cli/json_fields.h"
#include "cli/status_text.h"
#include "cli/watch.h"
#include "control/client.h"
#include "control/server.h"
#include "runtime/loop.h"

namespace baton::cli {

namespace {

constexpr unsigned first_look_us = 200'000;
constexpr Duration status_patience = 5s;
constexpr Duration reload_patience = 120s;
constexpr Duration stop_patience = 3600s;

struct Found {
  std::string path;
  control::Client client;
};

std::vector<Found> find_trees(const std::string& run_directory) {
  std::vector<Found> trees;
  for (const auto& path : control::control_sockets(run_directory)) {
    if (auto client = control::Client::connect(path)) trees.push_back({path, std::move(*client)});
  }
  return trees;
}

int complain(const std::string& run_directory) {
  const bool is_denied = ::access(run_directory.c_str(), F_OK) == 0 && ::geteuid() != 0;
  fmt::print(stderr, "baton: baton is not running here (no {} {}/control.sock{})\n",
             is_denied ? "usable socket" : "socket", run_directory,
             is_denied ? "; are you root?" : "");
  return 1;
}

// Asks all trees for `command`; the exit code.
int ask_all(const std::string& run_directory, const std::string& command, Duration patience) {
  auto trees = find_trees(run_directory);
  if (trees.empty()) return complain(run_directory);
  int code = 0;
  std::size_t others = trees.size();
  for (auto& tree : trees) {
    const auto answer = tree.client.ask(command, patience);
    if (!answer) {
      fmt::print(stderr, "baton: {}: {}\n", tree.path, describe(answer.error()));
      code = 1;
      continue;
    }
    // Not this one's business, as long as it may be that of another.
    if (answer->value("elsewhere", false) && --others > 0) continue;
    const bool ok = answer->value("ok", false);
    std::string text = answer->value("text", "");
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    fmt::print(ok ? stdout : stderr, "{}", text);
    if (!ok) code = 1;
  }
  return code;
}

std::string shown(const nlohmann::json& list, bool as_json) {
  if (!as_json) return list.empty() ? "baton is not running here\n" : status_text(list);
  // One tree is an object by itself, as anybody would expect who has only ever seen one.
  return json_text(list.size() == 1 ? list[0] : nlohmann::json{{"trees", list}}, 2) + "\n";
}

nlohmann::json statuses(std::vector<Found>& trees) {
  auto list = nlohmann::json::array();
  for (auto& tree : trees) {
    auto answer = tree.client.ask("status", status_patience);
    if (answer && answer->contains("status")) {
      list.push_back((*answer)["status"]);
    } else {
      list.push_back({{"problem", "the supervisor does not answer"}, {"socket", tree.path}});
    }
  }
  return list;
}

}  // namespace

int show_status(const std::string& run_directory, const StatusOptions& options) {
  nlohmann::json before;
  Instant sampled{};
  // Rates need two looks: each is compared with the one before.
  const auto look = [&] {
    auto trees = find_trees(run_directory);
    auto list = statuses(trees);
    const Instant now = runtime::monotonic_now();
    auto counters = list;
    if (!before.is_null()) add_rates(list, before, to_seconds(now - sampled));
    before = std::move(counters);
    sampled = now;
    return list;
  };
  if (find_trees(run_directory).empty() && !options.watch) return complain(run_directory);
  look();
  ::usleep(first_look_us);
  if (options.watch && !options.json) return watch(look);
  for (;;) {
    fmt::print("{}", shown(look(), options.json));
    if (!options.watch) return 0;
    std::fflush(stdout);
    ::sleep(1);
  }
}

int show_history(const std::string& run_directory, const HistoryOptions& options) {
  auto trees = find_trees(run_directory);
  if (trees.empty()) return complain(run_directory);
  for (auto& tree : trees) {
    const auto answer = tree.client.ask("history", status_patience);
    if (!answer) {
      fmt::print(stderr, "baton: {}: {}\n", tree.path, describe(answer.error()));
      return 1;
    }
    const auto& history = member(*answer, "history");
    if (!history.is_object()) continue;  // a tree without failover
    if (options.json) {
      fmt::print("{}\n", json_text(newest_transitions(history, options.count), 2));
    } else {
      fmt::print("{}", history_text(history, options.count, options.brief));
    }
    return 0;
  }
  fmt::print(stderr, "baton: no failover process runs here\n");
  return 1;
}

int reload(const std::string& run_directory) {
  const int code = ask_all(run_directory, "reload", reload_patience);
  if (code == 0) fmt::print("reloaded\n");
  return code;
}

int pass(const std::string& run_directory, const std::string& instance, const std::string& peer) {
  constexpr Duration pass_patience = 20s;
  return ask_all(run_directory, "pass " + instance + "\n" + peer, pass_patience);
}

int start(const std::string& run_directory) {
  return ask_all(run_directory, "start", reload_patience);
}

int stop(const std::string& run_directory, bool gracefully) {
  auto trees = find_trees(run_directory);
  if (trees.empty()) return complain(run_directory);
  int code = 0;
  for (auto& tree : trees) {
    const auto answer = tree.client.ask(gracefully ? "quit" : "stop", status_patience);
    const bool ended = answer && tree.client.wait_for_end(stop_patience);
    if (!ended) fmt::print(stderr, "baton: {} does not end\n", tree.path);
    if (!ended) code = 1;
  }
  return code;
}

}  // namespace baton::cli
