// Layout only: no field is computed here that `--json` does not have.

#include "cli/status_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json_fields.h"

namespace baton::cli {

namespace {

using nlohmann::json;

// "2026-11-22T21:00:00.123Z" without its fraction: "2026-11-22 21:00:00Z".
std::string time_text(std::string time) {
  if (const auto dot = time.find('.'); dot != std::string::npos) time.resize(dot);
  if (const auto middle = time.find('T'); middle != std::string::npos) time[middle] = ' ';
  return time.empty() ? time : time + "Z";
}

std::string indented(const std::string& text, const char* margin) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    result += margin + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return result;
}

std::string tree_text(const json& tree) {
  std::string name = text_of(tree, "started_as");
  name = name == "baton" ? "baton run" : "started as " + name;
  std::string page = fmt::format("baton {} ({}), up {}\n", text_of(tree, "version"), name,
                                 age_text(number_of(tree, "uptime_ms")));
  const json& files = member(tree, "files");
  for (const char* part : {"proxy", "failover"}) {
    const std::string path = text_of(files, part);
    if (!path.empty()) {
      page += fmt::format("  {:10}{}, loaded {}\n", part, path,
                          time_text(text_of(tree, "configuration_loaded")));
    }
  }
  const json& reload = member(tree, "last_reload");
  if (reload.is_object()) {
    const bool ok = flag_of(reload, "ok");
    page += fmt::format("  {:10}{} at {}\n", "reload", ok ? "ok" : "REFUSED, nothing changed,",
                        time_text(text_of(reload, "time")));
    if (!ok) page += indented(text_of(reload, "text"), "            ");
  }
  for (const auto& process : member(tree, "processes")) {
    page += fmt::format("  {:10} pid {:<7} {:9} up {}", text_of(process, "role"),
                        number_of(process, "pid"), text_of(process, "state"),
                        age_text(number_of(process, "uptime_ms")));
    if (number_of(process, "generation") > 0) {
      page += fmt::format(", generation {}", number_of(process, "generation"));
    }
    if (number_of(process, "restarts") > 0) {
      page += fmt::format(", crashes: {}", number_of(process, "restarts"));
    }
    page += "\n";
  }
  return page;
}

std::string priority_text(const json& priority) {
  std::string text = fmt::format("priority {}", number_of(priority, "effective"));
  const json& parts = member(priority, "parts");
  if (parts.empty()) return text;
  text += fmt::format(" = {}", number_of(priority, "base"));
  for (const auto& part : parts) {
    const auto contribution = number_of(part, "contribution");
    if (contribution != 0) text += fmt::format(" {:+}", contribution);
    text += fmt::format(" ({} is {}{})", text_of(part, "tracker"), text_of(part, "state"),
                        flag_of(part, "fault") ? ": FAULT" : "");
  }
  return text;
}

std::string addresses_text(const json& addresses) {
  std::string text;
  for (const auto& address : addresses) {
    text += fmt::format("    {:10}{} on {}\n", flag_of(address, "held") ? "holds" : "not here",
                        text_of(address, "address"), text_of(address, "device"));
  }
  return text;
}

// The second path and the witness, as far as there are any.
std::string guard_text(const json& instance) {
  std::string page;
  const std::string held_back = text_of(instance, "held_back");
  if (!held_back.empty()) page += fmt::format("    {:10}{}\n", "waits", held_back);
  const std::string conflict = text_of(instance, "conflict");
  if (!conflict.empty()) page += fmt::format("    {:10}{}\n", "CONFLICT", conflict);
  for (const auto& mismatch : member(instance, "mismatches")) {
    page += fmt::format("    {:10}{} does not fit {}: {}\n", "MISMATCH",
                        text_of(mismatch, "keyword", "advert"), text_of(mismatch, "from"),
                        text_of(mismatch, "text"));
    const std::string ours = text_of(mismatch, "ours");
    const std::string theirs = text_of(mismatch, "theirs");
    if (!ours.empty()) page += fmt::format("    {:10}here  {}\n", "", ours);
    if (!theirs.empty()) page += fmt::format("    {:10}there {}\n", "", theirs);
  }
  for (const auto& peer : member(member(instance, "second_path"), "peers")) {
    // What a node sees is found out when it hears no adverts: until then it is not known.
    const bool is_cut = !flag_of(peer, "hears_adverts");
    page += fmt::format("    {:10}{} is {}, priority {}, heard {} ago{}{}{}\n", "2nd path",
                        text_of(peer, "source"), text_of(peer, "state"),
                        number_of(peer, "priority"), age_text(number_of(peer, "age_ms")),
                        flag_of(peer, "alive") ? "" : ": GONE", is_cut ? ", hears no adverts" : "",
                        is_cut && !flag_of(peer, "sees") ? ", sees nothing" : "");
  }
  const json& witness = member(instance, "witness");
  if (!witness.is_object()) return page;
  const json& reachable = member(witness, "reachable");
  page += fmt::format("    {:10}{}{}\n", "witness",
                      reachable.is_null()             ? "not asked yet"
                      : flag_of(witness, "reachable") ? "answers: "
                                                      : "does not answer: ",
                      text_of(witness, "detail"));
  return page;
}

std::string instance_text(const json& instance) {
  std::string page =
      fmt::format("  {}  {}{} for {}: {}\n", text_of(instance, "name"), text_of(instance, "state"),
                  flag_of(instance, "yielding") ? " (handing over)" : "",
                  age_text(number_of(instance, "age_ms")), text_of(instance, "reason"));
  page += addresses_text(member(instance, "addresses"));
  const std::string master = text_of(instance, "master", "unknown");
  const auto master_priority = number_of(instance, "master_priority");
  page += fmt::format("    {:10}{}{}\n", "master", master,
                      master_priority > 0 ? fmt::format(", priority {}", master_priority) : "");
  page += fmt::format("    {:10}{}\n", "ours", priority_text(member(instance, "priority")));
  page += fmt::format("    {:10}vrid {} on {}, {} every {} ms{}\n", "vrrp",
                      number_of(instance, "virtual_router_id"), text_of(instance, "interface"),
                      member(instance, "unicast_peers").empty() ? "multicast" : "unicast",
                      number_of(instance, "advert_interval_ms"),
                      flag_of(instance, "preempt") ? "" : ", nopreempt");
  if (text_of(instance, "authentication") == "AH") {
    page += fmt::format("    {:10}AH, which protects little: VRRP itself has dropped it\n", "auth");
  }
  const std::string group = text_of(instance, "sync_group");
  if (!group.empty()) page += fmt::format("    {:10}{}\n", "group", group);
  const json& adverts = member(instance, "adverts");
  page += fmt::format("    {:10}{} in, {} out, {} bad", "adverts", number_of(adverts, "in"),
                      number_of(adverts, "out"), number_of(adverts, "bad"));
  const json& causes = member(adverts, "bad_by_cause");
  if (causes.is_object()) {
    for (const auto& [cause, count] : causes.items()) {
      if (count.is_number() && count.get<std::int64_t>() > 0) {
        page += fmt::format(", {} {}", count.get<std::int64_t>(), cause);
      }
    }
  }
  page += "\n" + guard_text(instance);
  for (const auto& fault : member(instance, "faults")) {
    if (fault.is_string()) page += fmt::format("    {:10}{}\n", "fault", fault.get<std::string>());
  }
  return page;
}

// Reports of the second path that were not believed. Repeated ones are the network's own doing.
std::string second_path_text(const json& second_path) {
  std::string causes;
  const json& dropped = member(second_path, "dropped");
  for (const char* cause : {"unsigned", "keyless", "wrong_code", "stale", "malformed"}) {
    const std::int64_t count = number_of(dropped, cause);
    if (count > 0) causes += fmt::format("{}{} {}", causes.empty() ? "" : ", ", count, cause);
  }
  std::string page;
  if (const auto silent = number_of(second_path, "silent_ms"); silent > 0) {
    page += fmt::format("  second path: NOTHING is heard on {} for {}\n",
                        text_of(second_path, "ways"), age_text(silent));
  }
  if (!causes.empty()) page += fmt::format("  second path: reports not believed: {}\n", causes);
  return page;
}

// Each other node of the pair link, and each session of BFD that is not as it should be.
std::string paths_text(const json& failover) {
  std::string page;
  for (const auto& peer : member(member(failover, "pair"), "peers")) {
    const std::string problem = text_of(peer, "problem");
    page += fmt::format("  pair link to {}{}: {} for {}{}{}\n", text_of(peer, "address"),
                        text_of(peer, "name").empty() ? "" : " (" + text_of(peer, "name") + ")",
                        flag_of(peer, "up") ? "up" : "down", age_text(number_of(peer, "age_ms")),
                        problem.empty() ? "" : ", ", problem);
  }
  for (const auto& session : member(member(failover, "bfd"), "sessions")) {
    page +=
        fmt::format("  BFD with {}: {}", text_of(session, "neighbor"), text_of(session, "state"));
    // Of a session that is not up nothing has been agreed: a keepalived does not answer.
    if (text_of(session, "state") == "Up") {
      page += fmt::format(", detects in {} ms", number_of(session, "detection_time_ms"));
    }
    page += "\n";
  }
  return page;
}

std::string failover_text(const json& failover) {
  const std::string problem = text_of(failover, "problem");
  if (!problem.empty()) return fmt::format("\nFailover: {}\n", problem);
  std::string page = "\nFailover\n";
  for (const auto& instance : member(failover, "instances")) page += instance_text(instance);
  page += paths_text(failover);
  page += second_path_text(member(failover, "second_path"));
  const json& proxy = member(failover, "proxy");
  if (proxy.is_object()) {
    page += fmt::format("  proxy seen from here: {} for {}{}\n", text_of(proxy, "state"),
                        age_text(number_of(proxy, "age_ms")),
                        flag_of(proxy, "tracked") ? "" : " (not tracked)");
  }
  for (const auto& script : member(failover, "scripts")) {
    page += fmt::format("  script {}: {}, {} runs, {} failed", text_of(script, "name"),
                        text_of(script, "state"), number_of(script, "runs"),
                        number_of(script, "failures"));
    const std::string last = text_of(script, "last_result");
    if (!last.empty()) {
      page += fmt::format(", last {} in {} ms", last, number_of(script, "last_run_ms"));
    }
    page += "\n";
  }
  const json& transitions = member(failover, "transitions");
  if (!transitions.empty()) page += "  last transitions\n";
  for (const auto& change : transitions) {
    page += fmt::format("    {} {} {} -> {}: {}", time_text(text_of(change, "time")),
                        text_of(change, "instance"), text_of(change, "from"), text_of(change, "to"),
                        text_of(change, "reason"));
    const auto outage = decimal_of(change, "outage_ms");
    page += outage ? fmt::format(" (outage {:.0f} ms)\n", *outage) : "\n";
  }
  return page;
}

// ", 12.5/s" when the rate is known.
std::string rate_text(const json& counters) {
  const json& rate = member(counters, "requests_per_second");
  return rate.is_number() ? fmt::format(", {:.1f}/s", rate.get<double>()) : "";
}

std::string server_text(const json& server) {
  std::string line = fmt::format("    {:24} {:8}{:>10} requests{}, {} failures, {} active",
                                 text_of(server, "address"), text_of(server, "state"),
                                 number_of(server, "requests"), rate_text(server),
                                 number_of(server, "failures"), number_of(server, "active"));
  const json& out = member(server, "unavailable_ms");
  if (out.is_number()) line += fmt::format(", out for {}", age_text(out.get<std::int64_t>()));
  const json& stalled = member(server, "stalled_ms");
  if (stalled.is_number()) {
    line += fmt::format(", silent for {}", age_text(stalled.get<std::int64_t>()));
  }
  if (flag_of(server, "backup")) line += ", backup";
  return line + "\n";
}

std::string listener_text(const json& listener) {
  const json& responses = member(listener, "responses");
  std::string line = fmt::format("  listens on {}: {} requests{}", text_of(listener, "address"),
                                 number_of(listener, "requests"), rate_text(listener));
  if (responses.is_object()) {
    for (const auto& [name, count] : responses.items()) {
      const bool counted = count.is_number() && count.get<std::int64_t>() > 0;
      if (counted) line += fmt::format(", {} {}", name, count.get<std::int64_t>());
    }
  }
  return line + "\n";
}

std::string proxy_text(const json& proxy) {
  const std::string problem = text_of(proxy, "problem");
  if (!problem.empty()) return fmt::format("\nProxy: {}\n", problem);
  std::string page = "\nProxy\n";
  const json& connections = member(proxy, "connections");
  if (connections.is_object()) {
    page +=
        fmt::format("  {} threads, {} client connections ({} idle)\n", number_of(proxy, "threads"),
                    number_of(connections, "open"), number_of(connections, "idle"));
  }
  for (const auto& listener : member(proxy, "listeners")) page += listener_text(listener);
  for (const auto& group : member(proxy, "upstreams")) {
    page += fmt::format("  upstream {}\n", text_of(group, "name"));
    for (const auto& server : member(group, "servers")) page += server_text(server);
  }
  return page;
}

// Gives every object that counts requests its rate, found by the same path in `before`. An array's
// elements keep their places unless a reload came between; then a rate is missing for once.
void add_rates_to(json& now, const json& before, double seconds) {
  if (now.is_array() && before.is_array()) {
    for (std::size_t i = 0; i < std::min(now.size(), before.size()); ++i) {
      add_rates_to(now[i], before[i], seconds);
    }
    return;
  }
  if (!now.is_object() || !before.is_object()) return;
  for (const char* inner : {"proxy", "listeners", "servers", "upstreams"}) {
    if (now.contains(inner) && before.contains(inner)) {
      add_rates_to(now[inner], before[inner], seconds);
    }
  }
  const bool counts = member(now, "requests").is_number() && member(before, "requests").is_number();
  if (!counts || member(now, "address") != member(before, "address")) return;
  const auto grown = number_of(now, "requests") - number_of(before, "requests");
  if (grown >= 0) now["requests_per_second"] = static_cast<double>(grown) / seconds;
}

}  // namespace

std::string age_text(std::int64_t ms) {
  const std::int64_t seconds = ms / 1000;
  if (seconds < 10) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{} d {} h", seconds / 86400, seconds / 3600 % 24);
}

void add_rates(json& now, const json& before, double seconds) {
  if (seconds > 0) add_rates_to(now, before, seconds);
}

std::string status_text(const json& trees) {
  std::string page;
  for (const auto& tree : trees) {
    if (!page.empty()) page += "\n";
    const std::string problem = text_of(tree, "problem");
    if (!problem.empty()) {
      page += fmt::format("{}: {}\n", text_of(tree, "socket"), problem);
      continue;
    }
    page += tree_text(tree);
    if (tree.contains("failover")) page += failover_text(tree["failover"]);
    if (tree.contains("proxy")) page += proxy_text(tree["proxy"]);
  }
  return page;
}

}  // namespace baton::cli
