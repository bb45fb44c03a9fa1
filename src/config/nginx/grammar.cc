// Puts the tables of all topics together, once a process.

#include "config/nginx/grammar.h"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "base/text.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

using Index = std::unordered_map<std::string_view, std::vector<const Rule*>>;

template <typename Visitor>
void for_each_rule(Visitor visit) {
  for (const std::span<const Rule> topic :
       {core_rules(),    events_rules(),      http_core_rules(), server_rules(),
        listen_rules(),  location_rules(),    static_rules(),    headers_rules(),
        log_rules(),     rewrite_rules(),     upstream_rules(),  resolver_rules(),
        proxy_rules(),   proxy_cache_rules(), tls_rules(),       health_rules(),
        filters_rules(), access_rules(),      gateways_rules(),  other_rules(),
        balance_rules(), client_body_rules(), limits_rules(),    authorization_rules(),
        page_rules(),    map_rules(),         geo_rules(),       real_ip_rules(),
        referer_rules(), user_id_rules(),     browser_rules(),   proxy_rewriting_rules()}) {
    for (const Rule& rule : topic) visit(rule);
  }
}

Index make_index() {
  Index index;
  for_each_rule([&](const Rule& rule) { index[rule.name].push_back(&rule); });
  return index;
}

const Index& all_rules() {
  static const Index index = make_index();
  return index;
}

}  // namespace

const std::vector<const Rule*>& rules_for(std::string_view name) {
  static const std::vector<const Rule*> none;
  const auto found = all_rules().find(name);
  return found == all_rules().end() ? none : found->second;
}

std::vector<const Rule*> every_rule() {
  std::vector<const Rule*> rules;
  for_each_rule([&](const Rule& rule) { rules.push_back(&rule); });
  return rules;
}

std::string_view closest_directive(std::string_view word, Context context) {
  std::vector<std::string_view> names;
  for (const auto& [name, rules] : all_rules()) {
    for (const Rule* rule : rules) {
      if ((rule->contexts & context) != 0) names.push_back(name);
    }
  }
  // The index has no order of its own; equal candidates must not change places between runs.
  std::ranges::sort(names);
  return closest_word(word, names);
}

}  // namespace baton::config::nginx
