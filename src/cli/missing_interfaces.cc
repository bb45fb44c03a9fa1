// Collecting the names, and comparing.

#include "cli/missing_interfaces.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net/if.h>

#include <iterator>
#include <set>

#include "base/text.h"

namespace baton::cli {

namespace {

// A name, where it stands, and whose it is.
struct Named {
  std::string name;
  config::Position where;
  std::string instance;
};

std::vector<Named> named_by(const config::VrrpInstance& instance) {
  std::vector<Named> names;
  const auto place = instance.places.find("interface");
  names.push_back({instance.interface,
                   place == instance.places.end() ? instance.where : place->second.where,
                   instance.name});
  for (const auto& tracked : instance.tracked_interfaces) {
    names.push_back({tracked.name, tracked.where, instance.name});
  }
  for (const auto& name : instance.guard.heartbeat_interfaces) {
    names.push_back({name, instance.where, instance.name});
  }
  for (const auto* list : {&instance.addresses, &instance.excluded_addresses}) {
    for (const auto& address : *list) {
      names.push_back({address.device, address.where, instance.name});
    }
  }
  return names;
}

std::string help_for(const std::string& name, const std::vector<std::string>& here) {
  const std::string_view near =
      closest_word(name, std::vector<std::string_view>(here.begin(), here.end()));
  if (!near.empty()) return fmt::format("did you mean \"{}\"?", near);
  constexpr std::ptrdiff_t shown_max = 8;
  const bool more = std::ssize(here) > shown_max;
  return fmt::format("here are {}{}; baton waits for {} in FAULT STATE",
                     fmt::join(here.begin(), more ? here.begin() + shown_max : here.end(), ", "),
                     more ? " ..." : "", name);
}

}  // namespace

std::vector<std::string> interfaces_here() {
  std::vector<std::string> names;
  struct if_nameindex* const list = ::if_nameindex();
  if (!list) return names;
  for (const auto* one = list; one->if_index != 0; ++one) names.emplace_back(one->if_name);
  ::if_freenameindex(list);
  return names;
}

void warn_of_missing_interfaces(const config::Failover& model, const std::vector<std::string>& here,
                                std::string_view prefix, config::Diagnostics& diagnostics) {
  if (model.dynamic_interfaces || !model.places.network_namespace.empty()) return;
  std::set<std::string> known(here.begin(), here.end());
  known.insert("");
  for (const auto& instance : model.instances) {
    known.insert(instance.vmac.name);
    for (const auto& link : instance.vmac.links) known.insert(link.name);
  }
  for (const auto& instance : model.instances) {
    for (const auto& [name, where, owner] : named_by(instance)) {
      if (!known.insert(name).second) continue;
      diagnostics.warning(
          where,
          fmt::format("{}interface {} for vrrp_instance {} doesn't exist", prefix, name, owner),
          help_for(name, here));
    }
  }
}

}  // namespace baton::cli
