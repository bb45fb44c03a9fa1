// The namespace, the folder for pid files and their names.

#include "supervisor/places.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <filesystem>

#include "runtime/fd.h"

namespace baton::supervisor {

Status enter_network_namespace(const std::string& name) {
  const runtime::Fd fd(::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (fd && ::setns(fd.get(), CLONE_NEWNET) == 0) return {};
  return fail_errno(errno, errno == EPERM
                               ? "net_namespace needs CAP_SYS_ADMIN, which baton.service lacks"
                               : "network namespace");
}

Status settle_places(Options& options, const config::ProcessPlaces& places) {
  if (options.network_namespace.empty() && !places.network_namespace.empty()) {
    if (const Status entered = enter_network_namespace(places.network_namespace); !entered) {
      return entered;
    }
    options.network_namespace = places.network_namespace;
  }
  for (const std::string& name : {options.network_namespace, places.instance}) {
    if (!name.empty()) options.ident_suffix += "_" + name;
  }
  if (options.personality != Personality::keepalived || !options.has_default_pid_paths) return {};
  if (options.network_namespace.empty() && places.instance.empty() && !places.use_pid_dir) {
    return {};
  }
  std::string folder = "/run/keepalived";
  if (!options.network_namespace.empty()) folder += "/" + options.network_namespace;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail_errno(error.value(), "cannot make the folder for pid files");
  const std::string end = places.instance.empty() ? ".pid" : "_" + places.instance + ".pid";
  options.pid_path = folder + "/keepalived" + end;
  options.failover_pid_paths = {folder + "/vrrp" + end};
  return {};
}

}  // namespace baton::supervisor
