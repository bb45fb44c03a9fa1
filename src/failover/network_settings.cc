// Reading, changing and putting back sysctls.

#include "failover/network_settings.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "linux/vmac.h"

namespace baton::failover {

namespace {

std::string path_of(const std::string& interface, const std::string& name) {
  return "net/ipv4/conf/" + interface + "/" + name;
}

bool has_ipv4(const std::vector<config::VmacLink>& links) {
  return std::ranges::any_of(
      links, [](const config::VmacLink& link) { return link.family == net::Family::ipv4; });
}

std::vector<std::string> all_interfaces() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/sys/net/ipv4/conf", error)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

}  // namespace

void NetworkSettings::remember(const std::vector<config::VmacLink>& links) {
  if (!has_ipv4(links)) return;
  const auto note = [this](const std::string& path) {
    if (before_.contains(path)) return;
    if (auto value = linux::read_setting(path)) before_[path] = std::move(*value);
  };
  for (const auto& name : all_interfaces()) note(path_of(name, "rp_filter"));
  for (const auto& link : links) {
    note(path_of(link.parent, "arp_ignore"));
    note(path_of(link.parent, "arp_filter"));
  }
}

// The filter of `all` counts for every interface and cannot be switched off for one: each gets it
// as its own instead.
void NetworkSettings::prepare(const std::vector<config::VmacLink>& links) {
  if (!has_ipv4(links)) return;
  remember(links);
  const std::string all = linux::read_setting(path_of("all", "rp_filter")).value_or("0");
  if (all != "0") {
    for (const auto& name : all_interfaces()) {
      const auto own = linux::read_setting(path_of(name, "rp_filter"));
      const bool is_vmac = std::ranges::find(links, name, &config::VmacLink::name) != links.end();
      if (name != "all" && own && *own < all && !is_vmac) set(path_of(name, "rp_filter"), all);
    }
    set(path_of("all", "rp_filter"), "0");
  }
  for (const auto& link : links) {
    if (link.family != net::Family::ipv4) continue;
    const auto ignores = linux::read_setting(path_of(link.parent, "arp_ignore"));
    if (ignores == "0") set(path_of(link.parent, "arp_ignore"), "1");
    set(path_of(link.parent, "arp_filter"), "1");
  }
}

void NetworkSettings::prepare_link(const config::VmacLink& link) {
  // No address of the link made from a MAC that several nodes have.
  const std::string generated = "net/ipv6/conf/" + link.name + "/addr_gen_mode";
  if (linux::read_setting(generated)) set(generated, "1");
  if (link.family == net::Family::ipv4) {
    set(path_of(link.name, "arp_ignore"), "1");
    set(path_of(link.name, "accept_local"), "1");
    set(path_of(link.name, "rp_filter"), "0");
    set(path_of(link.name, "promote_secondaries"), "1");
    // Nothing of IPv6 shall leave from it, no solicitation and no report.
    const std::string ipv6 = "net/ipv6/conf/" + link.name + "/disable_ipv6";
    if (linux::read_setting(ipv6)) set(ipv6, "1");
  } else {
    const std::string ipv6 = "net/ipv6/conf/" + link.name + "/";
    set(ipv6 + "router_solicitations", "0");
    set(ipv6 + "autoconf", "0");
    set(ipv6 + "accept_ra", "0");
  }
}

void NetworkSettings::restore() {
  for (const auto& [path, value] : before_) {
    const auto now = linux::read_setting(path);
    if (now && *now != value) set(path, value);
  }
  before_.clear();
}

void NetworkSettings::set(const std::string& path, const std::string& value) {
  if (const auto done = linux::write_setting(path, value); !done) {
    log_.print(LogLevel::error, "cannot set {} to {}: {}", path, value,
               baton::describe(done.error()));
  }
}

}  // namespace baton::failover
