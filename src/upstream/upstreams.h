// All upstream groups of one configuration, shared by the threads of a proxy process.
//
// Most groups are what the file says for as long as the process lives. A group with names that are
// resolved at run time changes: the main thread puts a new Group into its place (replace()), and
// threads notice by a serial number. They reach such groups through thread_upstreams.h, which
// holds on to the one that a request has begun with.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "config/model/proxy.h"
#include "ipc/shared_region.h"
#include "upstream/group.h"
#include "upstream/resolved_servers.h"
#include "upstream/sessions.h"

namespace baton::upstream {

// Gives every group and server of `config` its slot in the region. The supervisor calls it for
// generation `generation` (which grows) before it forks. Unavailable when the region is full.
Status name_slots(ipc::SharedRegion& region, const config::Proxy& config, std::uint64_t generation);

class Upstreams {
 public:
  // `config` and `region` outlive it; `generation` as given to name_slots.
  Upstreams(const config::Proxy& config, ipc::SharedRegion& region, std::uint64_t generation);

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  // `index` as in config::ProxyPass::upstream. A group that changes: from the main thread only.
  [[nodiscard]] Group& group(std::uint32_t index) { return *places_[index].group; }
  [[nodiscard]] const Group& group(std::uint32_t index) const { return *places_[index].group; }
  // How many groups have no server that a request could go to (ipc::PulsePage::groups_dead).
  [[nodiscard]] std::uint32_t groups_dead(Instant now) const;

  // What `host` and `port` of a proxy_pass with variables name, if it is a group of the
  // configuration: an upstream block (host alone), or a host that another proxy_pass names.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view host,
                                                  std::optional<std::uint16_t> port) const;

  // Groups that change at run time. serial() and current() may be called from any thread.
  [[nodiscard]] ResolvedServers* resolved(std::uint32_t index) {
    return places_[index].resolved.get();
  }
  [[nodiscard]] bool changes(std::uint32_t index) const {
    return places_[index].resolved != nullptr;
  }
  [[nodiscard]] std::uint64_t serial(std::uint32_t index) const {
    return places_[index].serial.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::shared_ptr<Group> current(std::uint32_t index) const;
  // The sessions of a group with `sticky learn`; null of others. Any thread.
  [[nodiscard]] Sessions* sessions(std::uint32_t index) const {
    return places_[index].sessions.get();
  }
  // Puts the group that `resolved(index)` makes now into its place. Main thread.
  void replace(std::uint32_t index);

 private:
  struct Place {
    std::shared_ptr<Group> group;  // changed under `changing_`
    std::unique_ptr<ResolvedServers> resolved;
    std::unique_ptr<Sessions> sessions;
    std::atomic<std::uint64_t> serial{1};
  };
  std::vector<Place> places_;
  std::unordered_map<std::string, std::uint32_t> names_;  // lower case; "host:port" if implicit
  mutable std::mutex changing_;
};

}  // namespace baton::upstream
