// Layout of flights: a headline each, why, what it cost, and the timeline around it.

#include "cli/history_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json_fields.h"
#include "cli/status_text.h"

namespace baton::cli {

namespace {

using nlohmann::json;

std::string ms_text(double ms) {
  if (ms >= 10'000 || ms <= -10'000) return fmt::format("{:.1f} s", ms / 1000);
  return fmt::format("{:.{}f} ms", ms, ms > -10 && ms < 10 ? 2 : 0);
}

// "1234", or "?" for what is not known.
std::string count_text(const json& connections, const char* key) {
  const auto count = decimal_of(connections, key);
  return count && *count >= 0 ? fmt::format("{:.0f}", *count) : "?";
}

std::string event_text(const json& moment) {
  const std::string event = text_of(moment, "event");
  const std::string address = text_of(moment, "address");
  const std::string text = text_of(moment, "text");
  const auto priority = number_of(moment, "priority");
  if (event == "advert_heard") return fmt::format("advert of {}, priority {}", address, priority);
  if (event == "advert_rejected") return fmt::format("bad advert of {}", address);
  if (event == "advert_sent") return fmt::format("sent an advert, priority {}", priority);
  if (event == "timer") return "timer";
  if (event == "transition") return "*** " + text;
  std::string line = event;
  std::ranges::replace(line, '_', ' ');
  if (!address.empty()) line += " " + address;
  if (!text.empty()) line += (address.empty() ? ": " : " ") + text;
  return line;
}

std::string timeline_text(const json& timeline) {
  std::string page;
  for (const auto& moment : timeline) {
    std::string line = fmt::format(
        "    {:>12}  {}", ms_text(decimal_of(moment, "at_ms").value_or(0)), event_text(moment));
    if (const auto due = decimal_of(moment, "timer_in_ms")) {
      line = fmt::format("{:<60} timer in {}", line, ms_text(*due));
    }
    page += line + "\n";
  }
  return page;
}

std::string flight_text(const json& flight, bool brief) {
  std::string page =
      fmt::format("{}  {}  {} -> {}", text_of(flight, "time"), text_of(flight, "instance"),
                  text_of(flight, "from"), text_of(flight, "to"));
  if (const auto outage = decimal_of(flight, "outage_ms")) {
    page += fmt::format("   outage {}", ms_text(*outage));
  }
  page += fmt::format("\n  why          {}\n", text_of(flight, "reason"));
  const std::string master = text_of(flight, "old_master");
  if (const auto silence = decimal_of(flight, "silence_ms"); silence && !master.empty()) {
    page += fmt::format("  old master   {}, last heard {} before\n", master, ms_text(*silence));
  }
  if (const json& connections = member(flight, "connections"); connections.is_object()) {
    page +=
        fmt::format("  connections  {} kept, {} moved, {} lost\n", count_text(connections, "kept"),
                    count_text(connections, "moved"), count_text(connections, "lost"));
  }
  if (!brief) page += timeline_text(member(flight, "timeline"));
  return page;
}

}  // namespace

json newest_transitions(json history, std::size_t count) {
  json& transitions = history["transitions"];
  if (!transitions.is_array() || transitions.size() <= count) return history;
  const auto surplus = static_cast<json::difference_type>(transitions.size() - count);
  transitions.erase(transitions.begin(), transitions.begin() + surplus);
  return history;
}

std::string history_text(const json& history, std::size_t count, bool brief) {
  const std::string problem = text_of(history, "problem");
  if (!problem.empty()) return problem + "\n";
  const json newest = newest_transitions(history, count);
  std::string page;
  for (const auto& flight : member(newest, "transitions")) {
    if (!page.empty()) page += "\n";
    page += flight_text(flight, brief);
  }
  return page.empty() ? "no transitions yet\n" : page;
}

}  // namespace baton::cli
