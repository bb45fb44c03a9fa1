// Layout of the live page.

#include "cli/watch_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/json_fields.h"
#include "cli/status_text.h"

namespace baton::cli {

namespace {

using nlohmann::json;

enum class Tone : std::uint8_t { plain, strong, good, bad, warning, dim };

const char* code_of(Tone tone) {
  switch (tone) {
    case Tone::strong:
      return "\x1b[1m";
    case Tone::good:
      return "\x1b[1;32m";
    case Tone::bad:
      return "\x1b[1;31m";
    case Tone::warning:
      return "\x1b[33m";
    case Tone::dim:
      return "\x1b[2m";
    case Tone::plain:
      break;
  }
  return "";
}

// Control characters of other people's texts must not reach the terminal.
std::string harmless(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(
      clean,
      [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; }, '?');
  return clean;
}

// One line under construction: pieces in tones, cut at the edge of the screen.
class LineMaker {
 public:
  LineMaker(std::size_t columns, bool colours) : columns_(columns), colours_(colours) {}

  LineMaker& add(std::string_view raw, Tone tone = Tone::plain) {
    const std::string text = harmless(raw);
    const auto part = cut_to_columns(text, columns_ - used_);
    if (part.empty()) return *this;
    used_ += columns_of(part);
    const std::string_view code = colours_ ? code_of(tone) : "";
    text_ += code;
    text_ += part;
    if (!code.empty()) text_ += "\x1b[0m";
    return *this;
  }
  // Blanks up to a column.
  LineMaker& to(std::size_t column) {
    return used_ < column ? add(std::string(column - used_, ' ')) : *this;
  }
  // At the right edge, if it still fits behind what is there.
  LineMaker& right(std::string_view text, Tone tone = Tone::plain) {
    const std::size_t width = columns_of(text);
    return used_ + width + 2 > columns_ ? *this : to(columns_ - width).add(text, tone);
  }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t columns_;
  bool colours_;
  std::size_t used_ = 0;
  std::string text_;
};

Tone tone_of(const std::string& state) {
  if (state == "MASTER") return Tone::good;
  if (state == "FAULT" || state == "STOPPED") return Tone::bad;
  return Tone::plain;
}

// A node of the pair and what its failover process says.
struct NodeView {
  std::string name;
  const json* failover = nullptr;  // null: it cannot be asked
  std::string problem;
  std::int64_t age_ms = 0;  // of what it says
  bool is_own = false;
};

// Widest name of a node; the columns behind it are aligned to it.
constexpr std::size_t node_name_max = 16;

class Page {
 public:
  Page(const ScreenSize& size, const ScreenStyle& style) : size_(size), style_(style) {}

  void draw(const json& trees, std::string_view clock);
  Screen take();

 private:
  [[nodiscard]] LineMaker line() const { return {size_.columns, style_.colours}; }
  void put(const LineMaker& made) { lines_.push_back(made.text()); }
  void blank() { lines_.emplace_back(); }
  void rule(std::string_view title, std::string_view right);
  void collect_nodes(const json& failover);
  void draw_all(const json& trees, std::string_view clock);
  void draw_head(const json& trees, std::string_view clock);
  void draw_instances(const json& instances);
  void draw_instance(const json& instance);
  void draw_briefly(const json& instance);
  void draw_node(const NodeView& node, const json& instance);
  void draw_unknown_master(const json& instance);
  void draw_problems(const json& instance);
  void draw_problems(const NodeView& node, const json& instance, const json& own);
  void draw_trouble(const NodeView& node, std::string_view text, Tone tone);
  void draw_paths(const json& failover);
  void draw_proxy(const json& proxy);
  void draw_scripts();
  void draw_transitions();

  ScreenSize size_;
  ScreenStyle style_;
  std::vector<std::string> lines_;
  std::vector<NodeView> nodes_;
  std::size_t name_width_ = 4;
  bool is_brief_ = false;
};

// The headline stays where it is when the rest is scrolled.
Screen Page::take() {
  Screen screen;
  if (size_.rows > 1 && lines_.size() > size_.rows) {
    const std::size_t surplus = lines_.size() - size_.rows;
    screen.scrolled = std::min(size_.scrolled, surplus);
    screen.below = surplus - screen.scrolled;
    const auto first = lines_.begin() + 1;
    lines_.erase(first, first + static_cast<std::ptrdiff_t>(screen.scrolled));
    lines_.resize(size_.rows);
  }
  screen.lines = std::move(lines_);
  return screen;
}

// The other nodes of the pair link.
const json& peers_of(const json& failover) {
  return member(member(failover, "pair"), "peers");
}

const json* find_instance(const json& failover, const json& like) {
  const json* by_number = nullptr;
  for (const auto& instance : member(failover, "instances")) {
    if (text_of(instance, "name") == text_of(like, "name")) return &instance;
    const bool same =
        number_of(instance, "virtual_router_id") == number_of(like, "virtual_router_id");
    if (same && !by_number) by_number = &instance;
  }
  return by_number;
}

std::string priority_words(const json& priority) {
  const auto base = number_of(priority, "base");
  const auto effective = number_of(priority, "effective");
  if (base == effective) return fmt::format("priority {}", effective);
  std::string words = fmt::format("priority {} = {}", effective, base);
  for (const auto& part : member(priority, "parts")) {
    const auto number = number_of(part, "contribution");
    if (number == 0) continue;
    words += fmt::format(" {} {} ({})", number < 0 ? '-' : '+', std::abs(number),
                         text_of(part, "tracker"));
  }
  return words;
}

std::string held_words(const json& addresses) {
  std::size_t held = 0;
  for (const auto& address : addresses) held += flag_of(address, "held");
  if (held == 0) return "";
  return held == addresses.size() ? "holds" : fmt::format("holds {}/{}", held, addresses.size());
}

void Page::rule(std::string_view title, std::string_view right) {
  LineMaker made = line();
  made.add(title, Tone::strong).add(" ");
  const std::size_t tail = right.empty() ? 0 : columns_of(right) + 1;
  const std::string dash = style_.unicode ? "\u2500" : "-";
  std::string dashes;
  for (std::size_t i = made.used(); i + tail < size_.columns; ++i) dashes += dash;
  put(made.add(dashes, Tone::dim).add(right.empty() ? "" : " ").add(right, Tone::dim));
}

void Page::collect_nodes(const json& failover) {
  nodes_.push_back({text_of(failover, "router_id", "this node"), &failover, "", 0, true});
  for (const auto& peer : peers_of(failover)) {
    NodeView node;
    node.name = text_of(peer, "name");
    if (node.name.empty()) node.name = text_of(peer, "address");
    const json& status = member(peer, "status");
    if (status.is_object()) node.failover = &status;
    node.problem = text_of(peer, "problem");
    node.age_ms = number_of(peer, "status_age_ms");
    nodes_.push_back(std::move(node));
  }
  for (const auto& node : nodes_) {
    name_width_ = std::clamp(columns_of(node.name), name_width_, node_name_max);
  }
}

void Page::draw_head(const json& trees, std::string_view clock) {
  LineMaker made = line();
  made.add("baton", Tone::strong);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    made.add(i == 0 ? "  " : i == 1 ? " with " : ", ").add(nodes_[i].name, Tone::strong);
    if (!nodes_[i].is_own && !nodes_[i].failover) made.add(" (not reached)", Tone::warning);
  }
  for (const auto& tree : trees) {
    const auto up = number_of(tree, "uptime_ms");
    if (up > 0) {
      made.add(fmt::format("  up {}", age_text(up)), Tone::dim);
      break;
    }
  }
  put(made.right(clock, Tone::dim));
}

void Page::draw_instance(const json& instance) {
  std::string title = text_of(instance, "name");
  const json& addresses = member(instance, "addresses");
  if (!addresses.empty()) title += "  " + text_of(addresses.front(), "address");
  if (addresses.size() > 1) title += fmt::format(" +{}", addresses.size() - 1);
  std::string right = fmt::format("vrid {} on {}", number_of(instance, "virtual_router_id"),
                                  text_of(instance, "interface"));
  const std::string group = text_of(instance, "sync_group");
  if (!group.empty()) right += ", group " + group;
  blank();
  rule(title, right);
  for (const auto& node : nodes_) {
    const json* shown = node.failover ? find_instance(*node.failover, instance) : nullptr;
    if (node.is_own) shown = &instance;
    if (shown) draw_node(node, *shown);
  }
  draw_unknown_master(instance);
  draw_problems(instance);
}

// One line for an instance, where there are more than the screen has room for.
void Page::draw_briefly(const json& instance) {
  constexpr std::size_t name_width = 18;
  constexpr std::size_t address_width = 38;
  LineMaker made = line();
  made.add(" ").add(text_of(instance, "name")).to(name_width).add(" ");
  const json& addresses = member(instance, "addresses");
  if (!addresses.empty()) made.add(text_of(addresses.front(), "address"));
  if (addresses.size() > 1) made.add(fmt::format(" +{}", addresses.size() - 1));
  made.to(address_width);
  for (const auto& node : nodes_) {
    const json* shown = node.failover ? find_instance(*node.failover, instance) : nullptr;
    if (node.is_own) shown = &instance;
    if (!shown) continue;
    const std::string state = text_of(*shown, "state", "?");
    made.add("  ").add(cut_to_columns(node.name, node_name_max)).add(" ");
    made.add(state, tone_of(state));
    if (flag_of(*shown, "yielding")) made.add(" handing over", Tone::warning);
  }
  put(made.right(age_text(number_of(instance, "age_ms")), Tone::dim));
  draw_unknown_master(instance);
  draw_problems(instance);
}

void Page::draw_instances(const json& instances) {
  if (is_brief_) {
    blank();
    rule("instances", fmt::format("{}", instances.size()));
  }
  for (const auto& instance : instances) {
    is_brief_ ? draw_briefly(instance) : draw_instance(instance);
  }
}

void Page::draw_problems(const json& instance) {
  for (const auto& node : nodes_) {
    const json* shown = node.failover ? find_instance(*node.failover, instance) : nullptr;
    if (node.is_own) shown = &instance;
    if (shown) draw_problems(node, *shown, instance);
  }
}

// What this node shows already, seen from the other side.
bool is_mirrored(const json& theirs, const json& own) {
  return std::ranges::any_of(member(own, "mismatches"), [&theirs](const json& ours) {
    return text_of(ours, "keyword") == text_of(theirs, "keyword") &&
           !text_of(ours, "theirs").empty() && text_of(ours, "theirs") == text_of(theirs, "ours") &&
           text_of(ours, "ours") == text_of(theirs, "theirs");
  });
}

void Page::draw_node(const NodeView& node, const json& instance) {
  const std::string state = text_of(instance, "state", "?");
  const bool holds = state == "MASTER";
  const std::string dot = style_.unicode ? (holds ? "\u25cf" : "\u25cb") : (holds ? "*" : "-");
  LineMaker made = line();
  made.add(" ").add(dot, tone_of(state)).add(" ");
  made.add(cut_to_columns(node.name, node_name_max), node.is_own ? Tone::strong : Tone::plain);
  made.to(name_width_ + 5).add(state, tone_of(state));
  if (flag_of(instance, "yielding")) made.add(" handing over", Tone::warning);
  made.to(name_width_ + 14).add(age_text(number_of(instance, "age_ms")), Tone::dim);
  made.to(name_width_ + 27).add(priority_words(member(instance, "priority")));
  const auto heard = decimal_of(instance, "last_advert_age_ms");
  std::string right = held_words(member(instance, "addresses"));
  if (!holds && heard) {
    right = fmt::format("last advert {}", age_text(static_cast<std::int64_t>(*heard)));
  }
  put(made.right(right, holds ? Tone::good : Tone::dim));
  const std::string reason = text_of(instance, "reason");
  if (!reason.empty()) put(line().to(name_width_ + 5).add(reason, Tone::dim));
}

// The master is a node that cannot be asked: what its adverts say.
void Page::draw_unknown_master(const json& instance) {
  const std::string master = text_of(instance, "master");
  if (master.empty() || text_of(instance, "state") == "MASTER") return;
  for (const auto& node : nodes_) {
    if (node.is_own || !node.failover) continue;
    const json* other = find_instance(*node.failover, instance);
    if (other && text_of(*other, "source") == master) return;
  }
  LineMaker made = line();
  made.to(name_width_ + 5).add("master is ").add(master, Tone::strong);
  put(made.add(fmt::format(", priority {}", number_of(instance, "master_priority"))));
}

void Page::draw_trouble(const NodeView& node, std::string_view text, Tone tone) {
  LineMaker made = line();
  made.add(" ! ", tone);
  if (nodes_.size() > 1) made.add(cut_to_columns(node.name, node_name_max)).add(" ");
  put(made.add(text, tone));
}

void Page::draw_problems(const NodeView& node, const json& instance, const json& own) {
  for (const auto& fault : member(instance, "faults")) {
    if (fault.is_string()) draw_trouble(node, fault.get<std::string>(), Tone::bad);
  }
  const std::string held_back = text_of(instance, "held_back");
  if (!held_back.empty()) draw_trouble(node, held_back, Tone::warning);
  const json& witness = member(instance, "witness");
  if (member(witness, "reachable").is_boolean() && !flag_of(witness, "reachable")) {
    draw_trouble(node, "witness: " + text_of(witness, "detail"), Tone::warning);
  }
  for (const auto& mismatch : member(instance, "mismatches")) {
    if (!node.is_own && is_mirrored(mismatch, own)) continue;
    draw_trouble(
        node,
        fmt::format("{}: {}", text_of(mismatch, "keyword", "adverts"), text_of(mismatch, "text")),
        Tone::bad);
    for (const char* side : {"ours", "theirs"}) {
      const std::string place = text_of(mismatch, side);
      if (!place.empty())
        put(line().add("     ").add(side[0] == 'o' ? "here  " : "there ").add(place));
    }
  }
}

// Ways between the nodes: pair link, second heartbeat path, BFD.
void Page::draw_paths(const json& failover) {
  std::vector<LineMaker> made;
  for (const auto& peer : peers_of(failover)) {
    LineMaker one = line();
    one.add(" pair link  ").add(text_of(peer, "address")).add(" ");
    const bool up = flag_of(peer, "up");
    one.add(up ? "up" : "DOWN", up ? Tone::good : Tone::bad);
    if (!up) one.add(" " + text_of(peer, "problem"));
    made.push_back(one);
  }
  std::set<std::string> shown;
  for (const auto& instance : member(failover, "instances")) {
    for (const auto& peer : member(member(instance, "second_path"), "peers")) {
      if (!shown.insert(text_of(peer, "source")).second) continue;
      const bool alive = flag_of(peer, "alive");
      LineMaker one = line();
      one.add(" 2nd path   ").add(text_of(peer, "source")).add(" ");
      one.add(alive ? "up" : "DOWN", alive ? Tone::good : Tone::bad);
      one.add(fmt::format(", heard {} ago", age_text(number_of(peer, "age_ms"))), Tone::dim);
      if (!flag_of(peer, "hears_adverts")) one.add(", hears no adverts", Tone::warning);
      made.push_back(one);
    }
  }
  const json& second_path = member(failover, "second_path");
  if (const auto silent = number_of(second_path, "silent_ms"); silent > 0) {
    LineMaker one = line();
    one.add(" 2nd path   nothing is heard on ").add(text_of(second_path, "ways"));
    made.push_back(one.add(fmt::format(" for {}", age_text(silent)), Tone::bad));
  }
  for (const auto& session : member(member(failover, "bfd"), "sessions")) {
    const std::string state = text_of(session, "state", "?");
    const bool up = state == "Up" || state == "up";
    LineMaker one = line();
    one.add(" BFD        ").add(text_of(session, "neighbor")).add(" ");
    one.add(state, up ? Tone::good : Tone::warning);
    if (const auto time = decimal_of(session, "detection_time_ms"); up && time) {
      one.add(fmt::format(", detects in {:.0f} ms", *time), Tone::dim);
    }
    made.push_back(one);
  }
  if (made.empty()) return;
  blank();
  rule("paths", "");
  for (const auto& one : made) put(one);
}

void Page::draw_proxy(const json& proxy) {
  if (!proxy.is_object()) return;
  const std::string problem = text_of(proxy, "problem");
  const json& groups = member(proxy, "upstreams");
  if (problem.empty() && groups.empty()) return;
  const json& connections = member(proxy, "connections");
  blank();
  rule("upstreams", connections.is_object()
                        ? fmt::format("{} client connections", number_of(connections, "open"))
                        : "");
  if (!problem.empty()) put(line().add(" proxy: ").add(problem, Tone::bad));
  for (const auto& group : groups) {
    std::size_t up = 0;
    double rate = 0;
    LineMaker down = line();
    for (const auto& server : member(group, "servers")) {
      const std::string state = text_of(server, "state");
      rate += decimal_of(server, "requests_per_second").value_or(0);
      if (state == "up") {
        ++up;
        continue;
      }
      down.add(down.used() == 0 ? "     " : ", ").add(text_of(server, "address")).add(" ");
      down.add(state, Tone::bad);
    }
    const std::size_t all = member(group, "servers").size();
    LineMaker made = line();
    made.add(" ").add(text_of(group, "name")).to(26);
    made.add(fmt::format("{} of {} up", up, all), up == all ? Tone::good
                                                  : up == 0 ? Tone::bad
                                                            : Tone::warning);
    put(made.to(42).add(fmt::format("{:.1f} requests/s", rate)));
    if (down.used() > 0) put(down);
  }
}

// Scripts that are down; the others are nothing to look at.
void Page::draw_scripts() {
  for (const auto& node : nodes_) {
    if (!node.failover) continue;
    for (const auto& script : member(*node.failover, "scripts")) {
      if (text_of(script, "state") != "down") continue;
      draw_trouble(
          node,
          fmt::format("script {}: {}", text_of(script, "name"), text_of(script, "last_result")),
          Tone::warning);
    }
    const json& proxy = member(*node.failover, "proxy");
    const std::string state = text_of(proxy, "state");
    if (flag_of(proxy, "tracked") && state != "alive") {
      draw_trouble(node, "proxy is " + state, Tone::bad);
    }
  }
}

void Page::draw_transitions() {
  struct Entry {
    std::string time;
    const NodeView* node;
    const json* change;
  };
  std::vector<Entry> entries;
  for (const auto& node : nodes_) {
    if (!node.failover) continue;
    for (const auto& change : member(*node.failover, "transitions")) {
      entries.push_back({text_of(change, "time"), &node, &change});
    }
  }
  if (entries.empty()) return;
  std::ranges::sort(entries, std::greater<>{}, &Entry::time);
  blank();
  rule("last transitions", "UTC");
  // What fits, but a few in any case: they are cut at the end.
  const std::size_t room = size_.rows > lines_.size() ? size_.rows - lines_.size() : 0;
  const std::size_t count = std::min(entries.size(), std::max<std::size_t>(room, 3));
  for (std::size_t i = 0; i < count; ++i) {
    const json& change = *entries[i].change;
    const std::string to = text_of(change, "to");
    LineMaker made = line();
    const std::string time = entries[i].time;
    made.add(" ").add(time.size() >= 19 ? time.substr(11, 8) : time, Tone::dim).add(" ");
    made.add(cut_to_columns(entries[i].node->name, node_name_max)).to(name_width_ + 11);
    made.add(text_of(change, "instance")).add(" ").add(to, tone_of(to));
    if (const auto outage = decimal_of(change, "outage_ms")) {
      made.add(fmt::format(" outage {:.0f} ms", *outage), Tone::warning);
    }
    put(made.add(": " + text_of(change, "reason"), Tone::dim));
  }
}

void Page::draw(const json& trees, std::string_view clock) {
  draw_all(trees, clock);
  constexpr std::size_t few = 2;
  std::size_t instances = 0;
  for (const auto& tree : trees) instances += member(member(tree, "failover"), "instances").size();
  if (size_.rows == 0 || lines_.size() <= size_.rows || instances <= few) return;
  lines_.clear();
  nodes_.clear();
  is_brief_ = true;
  draw_all(trees, clock);
}

void Page::draw_all(const json& trees, std::string_view clock) {
  const json* failover = nullptr;
  const json* proxy = nullptr;
  for (const auto& tree : trees) {
    if (!failover && tree.contains("failover")) failover = &tree["failover"];
    if (!proxy && tree.contains("proxy")) proxy = &tree["proxy"];
  }
  if (failover) collect_nodes(*failover);
  draw_head(trees, clock);
  if (trees.empty()) put(line().add("baton is not running here", Tone::bad));
  for (const auto& tree : trees) {
    const std::string problem = text_of(tree, "problem");
    if (!problem.empty()) put(line().add(problem, Tone::bad));
  }
  if (failover) {
    const std::string problem = text_of(*failover, "problem");
    if (!problem.empty()) put(line().add("failover: ").add(problem, Tone::bad));
    draw_instances(member(*failover, "instances"));
    draw_scripts();
    draw_paths(*failover);
  }
  if (proxy) draw_proxy(*proxy);
  draw_transitions();
}

// Gathers what belongs to the essence of one failover object.
void add_essence(std::string& text, const json& failover) {
  text += text_of(failover, "router_id") + text_of(failover, "problem");
  for (const auto& instance : member(failover, "instances")) {
    text += fmt::format("|{} {} {} {} {}", text_of(instance, "name"), text_of(instance, "state"),
                        flag_of(instance, "yielding"), text_of(instance, "master"),
                        number_of(member(instance, "priority"), "effective"));
    for (const auto& address : member(instance, "addresses")) {
      text += flag_of(address, "held") ? "h" : "-";
    }
    text += text_of(instance, "held_back");
    for (const auto& fault : member(instance, "faults")) text += fault.dump();
    for (const auto& mismatch : member(instance, "mismatches")) text += text_of(mismatch, "text");
    for (const auto& peer : member(member(instance, "second_path"), "peers")) {
      text += flag_of(peer, "alive") ? "a" : "g";
    }
  }
  for (const auto& script : member(failover, "scripts")) text += text_of(script, "state");
  text += text_of(member(failover, "proxy"), "state");
  for (const auto& session : member(member(failover, "bfd"), "sessions"))
    text += text_of(session, "state");
  const json& transitions = member(failover, "transitions");
  if (transitions.is_array() && !transitions.empty()) text += text_of(transitions.back(), "time");
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char letter) { return (static_cast<unsigned char>(letter) & 0xc0) != 0x80; }));
}

std::string_view cut_to_columns(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    if (used++ == columns) return text.substr(0, i);
  }
  return text;
}

Screen watch_screen(const json& trees, const ScreenSize& size, const ScreenStyle& style,
                    std::string_view clock) {
  Page page(size, style);
  page.draw(trees, clock);
  return page.take();
}

std::string essence_of(const json& trees) {
  std::string text;
  for (const auto& tree : trees) {
    text += "#" + text_of(tree, "problem");
    const json& failover = member(tree, "failover");
    add_essence(text, failover);
    for (const auto& peer : peers_of(failover)) {
      text += flag_of(peer, "up") ? "u" : "d";
      add_essence(text, member(peer, "status"));
    }
    for (const auto& group : member(member(tree, "proxy"), "upstreams")) {
      for (const auto& server : member(group, "servers")) text += text_of(server, "state");
    }
  }
  return text;
}

}  // namespace baton::cli
