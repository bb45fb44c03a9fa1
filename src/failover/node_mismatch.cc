// Mistakes between the nodes of a pair: found in adverts, in reports of the second path and, where
// there is a pair link, by comparing what both files say (node_facts.h). Each is told once, with
// the line of this node's file and, as soon as it is known, with that of the other.

#include <algorithm>
#include <array>

#include "config/model/option_places.h"
#include "failover/node.h"

namespace baton::failover {

namespace {

// The keyword whose difference makes a node throw an advert away; "" where none does.
const char* keyword_of(vrrp::Reject reject) {
  switch (reject) {
    case vrrp::Reject::version:
      return "version";
    case vrrp::Reject::auth_type:
      return "auth_type";
    case vrrp::Reject::password:
      return "auth_pass";
    case vrrp::Reject::interval:
      return "advert_int";
    case vrrp::Reject::cast:
    case vrrp::Reject::source:
      return "unicast_peer";
    default:
      return "";
  }
}

// What an advert that was accepted proves to fit.
constexpr std::array fitting{"version", "auth_type", "auth_pass", "advert_int", "unicast_peer", ""};

}  // namespace

// It stands in global_defs.
std::string Node::our_pair_key_line() const {
  const config::PairSettings& pair = config_->pair;
  const config::Position& where = pair.where.file ? pair.where : config_->instances.front().where;
  config::OptionPlaces places;
  if (!pair.key_file.empty()) places["pair_key"] = {where, "pair_key " + pair.key_file};
  return config::place_text(places, "pair_key", where);
}

std::string Node::our_line(const Router& router, const std::string& keyword) const {
  if (keyword.empty() || router.index() >= config_->instances.size()) return "";
  const auto& instance = config_->instances[router.index()];
  if (keyword == "pair_key") return our_pair_key_line();
  return config::place_text(instance.places, keyword, instance.where);
}

std::string Node::their_line(const Router& router, const std::string& keyword) const {
  const auto& settings = router.plan().settings;
  for (const auto& [name, facts] : peer_facts_) {
    for (const auto& instance : facts.instances) {
      if (instance.name != router.name() &&
          instance.virtual_router_id != settings.virtual_router_id) {
        continue;
      }
      const auto found = instance.facts.find(keyword);
      if (found != instance.facts.end()) return found->second.line;
    }
  }
  return "";
}

// The whole of what another node says of its file. What adverts have found already only gets its
// second line from here.
void Node::take_facts(const std::string& peer, NodeFacts facts) {
  const auto disagreements = compare(facts_of(*config_), facts);
  peer_facts_[peer] = std::move(facts);
  for (const auto& router : routers_) {
    std::vector<std::string> settled;
    for (const Mismatch* known : mismatches_.of(router->name())) {
      const bool goes_on = std::ranges::any_of(disagreements, [&](const Disagreement& one) {
        return one.instance == router->name() && one.keyword == known->keyword;
      });
      if (known->from == peer && !goes_on) settled.push_back(known->keyword);
    }
    for (const auto& keyword : settled) mismatches_.resolve(router->name(), keyword, peer);
  }
  for (const Disagreement& one : disagreements) {
    bool is_known = false;
    for (const Mismatch* known : mismatches_.of(one.instance)) {
      if (known->keyword != one.keyword || known->from == peer) continue;
      is_known = true;
      const Mismatch* news =
          mismatches_.note_theirs(one.instance, one.keyword, known->from, one.theirs);
      if (news) log_.write(LogLevel::warning, describe(*news));
    }
    if (is_known) continue;
    Mismatch seen{one.instance, one.keyword, peer, one.text, one.ours, one.theirs};
    const Mismatch* news = mismatches_.note(std::move(seen), loop_.now());
    if (news) log_.write(LogLevel::warning, describe(*news));
  }
}

void Node::note_mismatch(const Router& router, std::string keyword, std::string from,
                         std::string text) {
  // What the pair link has told already does not need to be found again.
  for (const Mismatch* known : mismatches_.of(router.name())) {
    if (known->keyword == keyword && peer_facts_.contains(known->from)) return;
  }
  Mismatch seen;
  seen.instance = router.name();
  seen.ours = our_line(router, keyword);
  seen.theirs = their_line(router, keyword);
  seen.keyword = std::move(keyword);
  seen.from = std::move(from);
  seen.text = std::move(text);
  const Mismatch* news = mismatches_.note(std::move(seen), loop_.now());
  if (news) log_.write(LogLevel::warning, describe(*news));
}

void Node::on_advert(Router& router, const vrrp::ParsedAdvert& parsed,
                     const Router::AdvertVerdict& verdict) {
  const vrrp::Settings& settings = router.plan().settings;
  if (verdict.reject) {
    if (*verdict.reject == vrrp::Reject::virtual_router_id) return;
    // Two that each went on by themselves meet with numbers that cross: no line is wrong.
    if (*verdict.reject == vrrp::Reject::replay && parsed.authentication) return;
    note_mismatch(router, keyword_of(*verdict.reject), parsed.envelope.source.text(),
                  vrrp::describe(*verdict.reject, parsed, settings));
    return;
  }
  const bool equal_priorities = parsed.advert.priority == settings.priority &&
                                settings.priority == router.instance().effective_priority();
  const bool has_news = verdict.addresses_differ || equal_priorities;
  if (!has_news && mismatches_.size() == 0) return;  // the ordinary advert of an ordinary pair
  const std::string from = parsed.envelope.source.text();
  for (const char* keyword : fitting) mismatches_.resolve(router.name(), keyword, from);
  if (verdict.addresses_differ) {
    const auto difference = vrrp::compare_addresses(parsed.advert, settings);
    note_mismatch(router, "virtual_ipaddress", from, difference.value_or("other addresses"));
  } else {
    mismatches_.resolve(router.name(), "virtual_ipaddress", from);
  }
  if (equal_priorities) {
    note_mismatch(router, "priority", from,
                  fmt::format("both have priority {}: who becomes master is a matter of addresses",
                              settings.priority));
  } else if (parsed.advert.priority != 0) {
    mismatches_.resolve(router.name(), "priority", from);
  }
}

void Node::compare_report(const Router& router, const vrrp::PeerReport& report) {
  const vrrp::Settings& own = router.plan().settings;
  const auto judge = [&](bool fits, const char* keyword, auto make_text) {
    if (fits) {
      mismatches_.resolve(router.name(), keyword, report.source.text());
    } else {
      note_mismatch(router, keyword, report.source.text(), make_text());
    }
  };
  judge(report.version == own.version, "version",
        [&] { return fmt::format("{} here, {} there", own.version, report.version); });
  judge(report.base_priority != own.priority, "priority", [&] {
    return fmt::format("both have priority {}: who becomes master is a matter of addresses",
                       own.priority);
  });
  judge(report.nopreempt == own.nopreempt, "nopreempt", [&] {
    return fmt::format("only {} has nopreempt", own.nopreempt ? "this node" : "the other node");
  });
  judge(report.advert_interval == own.advert_interval, "advert_int", [&] {
    return fmt::format("{:g} s here, {:g} s there", to_seconds(own.advert_interval),
                       to_seconds(report.advert_interval));
  });
  judge(report.auth_type == own.auth_type, "auth_type",
        [&] { return fmt::format("type {} here, {} there", own.auth_type, report.auth_type); });
  judge(report.address_digest == vrrp::digest_addresses(own.addresses), "virtual_ipaddress",
        [] { return std::string("the lists of addresses differ"); });
}

}  // namespace baton::failover
