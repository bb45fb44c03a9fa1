// Reading commands, keeping rules.

#include "simulation/packet_filter.h"

#include <fmt/format.h>

#include "base/text.h"

namespace baton::simulation {

namespace {

// What stands between braces.
std::string_view inside(std::string_view command) {
  const auto begin = command.find('{');
  const auto end = command.rfind('}');
  if (begin == std::string_view::npos || end == std::string_view::npos) return {};
  return command.substr(begin + 1, end - begin - 1);
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const auto word : words) text += fmt::format("{}{}", text.empty() ? "" : " ", word);
  return text;
}

}  // namespace

bool PacketFilter::run(std::string_view commands) {
  Content next = now_;
  for (const std::string_view command : split(commands, '\n')) {
    if (!command.empty() && !run_one(next, command)) return false;
  }
  now_ = std::move(next);
  return true;
}

bool PacketFilter::run_one(Content& content, std::string_view command) {
  const auto words = split_words(command);
  if (words.size() < 4) return false;
  const std::string table = fmt::format("{} {}", words[2], words[3]);
  if (words[1] == "table") {
    if (words[0] == "add") return content.tables.insert(table).second || true;
    std::erase_if(content.sets, [&](const auto& set) { return set.first.starts_with(table); });
    std::erase_if(content.chains, [&](const auto& one) { return one.first.starts_with(table); });
    return words[0] == "delete" && content.tables.erase(table) == 1;
  }
  if (words.size() < 5 || !content.tables.contains(table)) return false;
  const std::string name = fmt::format("{} {}", table, words[4]);
  if (words[1] == "set") {
    if (words[0] == "add") return content.sets.try_emplace(name).second || true;
    return content.sets.erase(name) == 1;
  }
  if (words[1] == "element") {
    if (!content.sets.contains(name)) return false;
    for (const auto element : split(inside(command), ',')) {
      content.sets[name].insert(joined(split_words(element)));
    }
    return true;
  }
  if (words[1] == "chain") {
    if (words[0] == "add") return content.chains.try_emplace(name).second || true;
    if (words[0] == "delete") return content.chains.erase(name) == 1;
    if (!content.chains.contains(name)) return false;
    content.chains[name].clear();
    return words[0] == "flush";
  }
  if (words[1] != "rule" || !content.chains.contains(name)) return false;
  content.chains[name].push_back(joined({words.begin() + 5, words.end()}));
  return true;
}

std::vector<std::string> PacketFilter::sets() const {
  std::vector<std::string> names;
  for (const auto& [name, elements] : now_.sets) names.push_back(name);
  return names;
}

bool PacketFilter::is_silent(const net::IpAddress& address) const {
  const std::string wanted = fmt::format("arp daddr ip {} drop", address.text());
  for (const auto& [name, rules] : now_.chains) {
    for (const auto& rule : rules) {
      if (rule == wanted) return true;
    }
  }
  return false;
}

std::optional<net::IpAddress> PacketFilter::forward(const net::Endpoint& client,
                                                    const net::Endpoint& local) const {
  const std::string meant = fmt::format("daddr {} ", local.address.text());
  const std::string element = fmt::format("{} . {} . {} . {}", client.address.text(), client.port,
                                          local.address.text(), local.port);
  for (const auto& [name, rules] : now_.chains) {
    const std::string table = name.substr(0, name.rfind(' '));
    for (const auto& rule : rules) {
      // Rules for the first packet of a connection are about others.
      if (!rule.contains(meant) || rule.contains("syn")) continue;
      if (const auto at = rule.find('@'); at != std::string::npos) {
        const auto set =
            now_.sets.find(table + " " + rule.substr(at + 1, rule.find(' ', at) - at - 1));
        if (set == now_.sets.end() || !set->second.contains(element)) continue;
      }
      const auto to = rule.find(" to ");
      if (to == std::string::npos) return std::nullopt;
      return net::IpAddress::parse(rule.substr(to + 4, rule.find(' ', to + 4) - to - 4));
    }
  }
  return std::nullopt;
}

}  // namespace baton::simulation
