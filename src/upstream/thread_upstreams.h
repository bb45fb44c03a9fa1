// What one thread needs to reach upstream servers: its view of every group and its idle
// connections. The exchange picks, takes or connects, and keeps:
//
//   Tried tried;
//   auto pick = upstreams.pick(group, tried, now);              // or: no live upstreams
//   auto connection = upstreams.pool().take(group, pick->peer());
//   if (!connection) connection = co_await upstreams.pool().connect(group, pick->peer(), deadline);
//   ... exchange; pick->succeed(), or pick->fail(now) and tried.add(pick->peer().index) ...
//   upstreams.pool().keep(std::move(connection));
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/loop.h"
#include "upstream/connection_pool.h"
#include "upstream/upstreams.h"

namespace baton::upstream {

class ThreadUpstreams {
 public:
  // Both outlive it.
  ThreadUpstreams(runtime::Loop& loop, Upstreams& upstreams)
      : upstreams_(upstreams), views_(upstreams.size()), pool_(loop, upstreams) {}

  // The next server of `group` (config::ProxyPass::upstream) that is not in `tried`.
  Result<Pick> pick(std::uint32_t group, const Tried& tried, Instant now) {
    return upstreams_.group(group).pick(views_[group], tried, now);
  }
  [[nodiscard]] const Group& group(std::uint32_t index) const { return upstreams_.group(index); }
  [[nodiscard]] ConnectionPool& pool() { return pool_; }

 private:
  Upstreams& upstreams_;
  std::vector<CachedView> views_;
  ConnectionPool pool_;
};

}  // namespace baton::upstream
