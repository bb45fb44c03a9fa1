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

// How many moments at `index` are one beat of a quiet time: an advert heard, or the timer and the
// advert that it sends. 0: none, this moment is to be shown.
std::size_t beat_at(const json& timeline, std::size_t index) {
  const std::string event = text_of(timeline[index], "event");
  if (event == "advert_heard") return 1;
  const bool sends = event == "timer" && index + 1 < timeline.size() &&
                     text_of(timeline[index + 1], "event") == "advert_sent";
  return sends ? 2 : 0;
}

// How many beats like the one at `index` follow one another there, itself included.
std::size_t like_beats(const json& timeline, std::size_t index) {
  const std::size_t length = beat_at(timeline, index);
  if (length == 0) return 0;
  const std::string text = event_text(timeline[index + length - 1]);
  std::size_t count = 1;
  for (std::size_t i = index + length; i < timeline.size(); i += length, ++count) {
    if (beat_at(timeline, i) != length || event_text(timeline[i + length - 1]) != text) break;
  }
  return count;
}

// The first and the last of many beats are enough; --json has all.
json without_beats(const json& timeline) {
  constexpr std::size_t shown_max = 3;
  json shown = json::array();
  for (std::size_t i = 0; i < timeline.size();) {
    const std::size_t length = std::max<std::size_t>(beat_at(timeline, i), 1);
    const std::size_t count = std::max<std::size_t>(like_beats(timeline, i), 1);
    for (std::size_t beat = 0; beat < count; ++beat) {
      if (count > shown_max && beat == 1) {
        shown.push_back({{"hidden", count - 2}});
        beat = count - 1;
      }
      for (std::size_t k = 0; k < length; ++k) shown.push_back(timeline[i + beat * length + k]);
    }
    i += count * length;
  }
  return shown;
}

std::string timeline_text(const json& timeline) {
  if (!timeline.is_array()) return "";
  std::string page;
  for (const auto& moment : without_beats(timeline)) {
    if (const auto hidden = number_of(moment, "hidden"); hidden > 0) {
      page += fmt::format("    {:>12}  {} more of these\n", "...", hidden);
      continue;
    }
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
