// A thread's groups: those that change, and targets.

#include "upstream/thread_upstreams.h"

#include <algorithm>

namespace baton::upstream {

ThreadUpstreams::ThreadUpstreams(runtime::Loop& loop, Upstreams& upstreams)
    : upstreams_(upstreams), locals_(upstreams.size()), pool_(loop) {
  for (std::uint32_t i = 0; i < locals_.size(); ++i) {
    Local& local = locals_[i];
    if (!upstreams.changes(i)) {
      local.group = &upstreams.group(i);
      continue;
    }
    local.serial = upstreams.serial(i);
    local.use = std::make_shared<GroupUse>(upstreams.current(i), CachedView{}, i);
    local.group = local.use->group.get();
  }
}

ThreadUpstreams::~ThreadUpstreams() = default;

GroupHold ThreadUpstreams::current(std::uint32_t number) {
  Local& local = locals_[number];
  if (number >= upstreams_.size()) return local.use;
  const std::uint64_t serial = upstreams_.serial(number);
  if (serial == local.serial) return local.use;
  local.serial = serial;
  local.use = std::make_shared<GroupUse>(upstreams_.current(number), CachedView{}, number);
  local.group = local.use->group.get();
  pool_.move_over(number, local.use);
  return local.use;
}

GroupHold ThreadUpstreams::target(std::string_view name,
                                  std::vector<config::UpstreamServer> servers) {
  // Name servers turn the order of their answers.
  std::ranges::sort(servers, {}, &config::UpstreamServer::endpoint);
  std::string key(name);
  for (const config::UpstreamServer& server : servers) {
    key += ' ';
    key += server.unix_path.empty() ? server.endpoint.text() : server.unix_path;
  }
  if (const auto known = targets_.find(key); known != targets_.end()) {
    known->second->unlink();
    targets_by_use_.push_back(*known->second);
    return known->second->use;
  }
  forget_unused_targets();
  std::uint32_t number = static_cast<std::uint32_t>(locals_.size());
  if (free_numbers_.empty()) {
    locals_.emplace_back();
  } else {
    number = free_numbers_.back();
    free_numbers_.pop_back();
  }
  config::UpstreamGroup config;
  config.name = name;
  config.implicit = true;
  // As nginx, which forgets such servers after the request: a failure says nothing to the next.
  for (config::UpstreamServer& server : servers) server.max_fails = 0;
  config.servers = std::move(servers);
  auto target = std::make_unique<Target>();
  target->key = key;
  target->use =
      std::make_shared<GroupUse>(make_private_group(std::move(config)), CachedView{}, number);
  Local& local = locals_[number];
  local.use = target->use;
  local.group = local.use->group.get();
  local.serial = 1;
  targets_by_use_.push_back(*target);
  return targets_.emplace(std::move(key), std::move(target)).first->second->use;
}

// Requests hold what they use, so their number bounds the rest.
void ThreadUpstreams::forget_unused_targets() {
  constexpr int looked_at_max = 8;
  for (int looked_at = 0; looked_at < looked_at_max; ++looked_at) {
    if (targets_.size() < idle_targets_max) return;
    Target& oldest = *targets_by_use_.front();
    const std::uint32_t number = oldest.use->number;
    pool_.close_idle_of(number);
    // Two hold it always: the target and its place in locals_.
    if (oldest.use.use_count() > 2) {
      oldest.unlink();
      targets_by_use_.push_back(oldest);
      continue;
    }
    locals_[number] = {};
    free_numbers_.push_back(number);
    const std::string key = oldest.key;
    targets_.erase(key);
  }
}

}  // namespace baton::upstream
