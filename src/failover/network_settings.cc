// Reading, changing and putting back sysctls.

#include "failover/network_settings.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "linux/vmac.h"
#include "runtime/fd.h"

namespace baton::failover {

namespace {

// A report of group membership with the virtual MAC, from a node that is not master, would teach
// switches the wrong port. Reports for 224.0.0.0/24 are needed by nobody (RFC 4541 section 2.1.2).
constexpr const char* link_reports = "net/ipv4/igmp_link_local_mcast_reports";

std::string path_of(const std::string& interface, const std::string& name) {
  return "net/ipv4/conf/" + interface + "/" + name;
}

bool has_ipv4(const std::vector<config::VmacLink>& links) {
  return std::ranges::any_of(
      links, [](const config::VmacLink& link) { return link.family == net::Family::ipv4; });
}

// The file is root's own, and yet nothing but what prepare() changes is taken from it.
bool is_ours(const std::string& path, const std::string& value) {
  const bool known = path == link_reports || path.starts_with("net/ipv4/conf/");
  return known && path.find("..") == path.npos && parse_unsigned(value);
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

std::string boot_and_network() {
  std::array<char, 64> space{};
  const ssize_t size = ::readlink("/proc/self/ns/net", space.data(), space.size());
  return linux::read_setting("kernel/random/boot_id").value_or("?") + " " +
         std::string(space.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
}

void NetworkSettings::recover() {
  if (file_.empty()) return;
  std::ifstream file(file_);
  std::string line;
  if (!file || !std::getline(file, line)) return;
  if (line == boot_and_network()) {
    while (std::getline(file, line)) {
      const std::size_t blank = line.rfind(' ');
      if (blank == line.npos) continue;
      const std::string path = line.substr(0, blank);
      std::string value = line.substr(blank + 1);
      if (is_ours(path, value)) before_[path] = std::move(value);
    }
    log_.print(LogLevel::notice,
               "an earlier run ended without a word: its {} settings of the "
               "network are put back",
               before_.size());
  }
  restore();
}

void NetworkSettings::write_file() {
  if (file_.empty()) return;
  if (before_.empty()) {
    ::unlink(file_.c_str());
    return;
  }
  std::string text = boot_and_network() + "\n";
  for (const auto& [path, value] : before_) text += path + " " + value + "\n";
  // Whole or not at all.
  const std::string fresh = file_ + ".new";
  const runtime::Fd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  const bool written =
      file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written || ::rename(fresh.c_str(), file_.c_str()) != 0) {
    log_.print(LogLevel::warning, "cannot keep the settings of the network in {}: {}", file_,
               baton::describe(fail_errno(errno, "write").error()));
  }
}

void NetworkSettings::remember(const std::vector<config::VmacLink>& links) {
  if (!has_ipv4(links)) return;
  const std::size_t known = before_.size();
  const auto note = [this](const std::string& path) {
    if (before_.contains(path)) return;
    if (auto value = linux::read_setting(path)) before_[path] = std::move(*value);
  };
  note(link_reports);
  for (const auto& name : all_interfaces()) note(path_of(name, "rp_filter"));
  for (const auto& link : links) {
    note(path_of(link.parent, "arp_ignore"));
    note(path_of(link.parent, "arp_filter"));
    note(path_of(link.parent, "arp_announce"));
  }
  if (before_.size() != known) write_file();
}

// The filter of `all` counts for every interface and cannot be switched off for one: each gets it
// as its own instead.
void NetworkSettings::prepare(const std::vector<config::VmacLink>& links) {
  if (!has_ipv4(links)) return;
  remember(links);
  if (linux::read_setting(link_reports) == "1") set(link_reports, "0");
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
    // What answers from the virtual address may leave by the real interface: its question for the
    // neighbour's MAC must not teach the neighbour another one for the virtual address.
    set(path_of(link.parent, "arp_announce"), "2");
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
  forget();
}

void NetworkSettings::forget() {
  before_.clear();
  write_file();
}

void NetworkSettings::set(const std::string& path, const std::string& value) {
  if (const auto done = linux::write_setting(path, value); !done) {
    log_.print(LogLevel::error, "cannot set {} to {}: {}", path, value,
               baton::describe(done.error()));
  }
}

}  // namespace baton::failover
