// All upstream groups of one configuration, shared by the threads of a proxy process.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "config/model/proxy.h"
#include "ipc/shared_region.h"
#include "upstream/group.h"

namespace baton::upstream {

// Gives every group and server of `config` its slot in the region. The supervisor calls it for
// generation `generation` (which grows) before it forks. Unavailable when the region is full.
Status name_slots(ipc::SharedRegion& region, const config::Proxy& config, std::uint64_t generation);

class Upstreams {
 public:
  // `config` and `region` outlive it; `generation` as given to name_slots.
  Upstreams(const config::Proxy& config, ipc::SharedRegion& region, std::uint64_t generation);

  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  // `index` as in config::ProxyPass::upstream.
  [[nodiscard]] Group& group(std::uint32_t index) { return *groups_[index]; }
  [[nodiscard]] const Group& group(std::uint32_t index) const { return *groups_[index]; }
  // How many groups have no server that a request could go to (ipc::PulsePage::groups_dead).
  [[nodiscard]] std::uint32_t groups_dead(Instant now) const;

 private:
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace baton::upstream
