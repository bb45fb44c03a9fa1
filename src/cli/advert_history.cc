// Comparing each advert with what the others of its virtual router id sent last.

#include "cli/advert_history.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::cli {

namespace {

constexpr std::size_t most_senders = 2;

std::string seconds_text(Duration interval) {
  return fmt::format("{:g} s", to_seconds(interval));
}

std::string cast_text(bool multicast) {
  return multicast ? "multicast" : "unicast";
}

}  // namespace

std::vector<std::string> AdvertHistory::differences(const Sender& other, const Sender& now) {
  std::vector<std::string> found;
  if (other.multicast != now.multicast) {
    found.push_back(fmt::format("sends by {}, this one by {}: they do not hear each other",
                                cast_text(other.multicast), cast_text(now.multicast)));
  }
  if (other.advert.version != now.advert.version) {
    found.push_back(fmt::format("speaks version {}", other.advert.version));
    return found;
  }
  if (other.advert.addresses.size() != now.advert.addresses.size()) {
    found.push_back(fmt::format("announces {} addresses, this one {}",
                                other.advert.addresses.size(), now.advert.addresses.size()));
  } else if (!std::ranges::is_permutation(other.advert.addresses, now.advert.addresses)) {
    found.emplace_back("announces other addresses");
  }
  if (other.advert.interval != now.advert.interval) {
    found.push_back(fmt::format("has an interval of {}, this one {}{}",
                                seconds_text(other.advert.interval),
                                seconds_text(now.advert.interval),
                                now.advert.version == 2 ? ": they drop each other's adverts" : ""));
  }
  if (other.advert.auth_type != now.advert.auth_type ||
      other.advert.password != now.advert.password) {
    found.emplace_back("authenticates differently: they drop each other's adverts");
  }
  const bool both_rule = other.advert.priority > 0 && now.advert.priority > 0;
  if (both_rule &&
      now.last - other.last < 2 * std::max(other.advert.interval, now.advert.interval)) {
    found.emplace_back("is master too, at the same time");
  }
  return found;
}

std::vector<std::string> AdvertHistory::compare(const vrrp::ParsedAdvert& parsed, WallTime time) {
  std::vector<std::string> remarks;
  if (!parsed.ok() || parsed.advert.version == 0) return remarks;
  std::vector<Sender>& senders = routers_[parsed.advert.virtual_router_id];
  const Sender now{parsed.advert, parsed.envelope.source,
                   parsed.envelope.destination.is_multicast(), time};
  for (const Sender& other : senders) {
    if (other.source == now.source || other.source.family() != now.source.family()) continue;
    for (const auto& difference : differences(other, now)) {
      remarks.push_back(fmt::format("{}: {}", other.source.text(), difference));
    }
  }
  std::erase_if(senders, [&](const Sender& sender) { return sender.source == now.source; });
  if (senders.size() >= most_senders) senders.erase(senders.begin());
  senders.push_back(now);
  return remarks;
}

}  // namespace baton::cli
