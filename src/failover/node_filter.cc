// no_accept: traffic to virtual addresses that are not this node's own is dropped, as RFC 5798
// section 6.1 has it by default. Not where a proxy of baton serves: it is there to answer.
//
// The rules stand while the configuration does, on a backup, too: an address that is not here gets
// no traffic anyhow, and a takeover does not wait for them.

#include "failover/node.h"

namespace baton::failover {

void Node::review_filter() {
  const bool has_proxy = inputs_.proxy_expected || proxy_.was_announced();
  std::vector<net::IpAddress> wanted;
  bool is_wanted = false;
  for (const auto& instance : config_->instances) {
    if (instance.accept || instance.priority == vrrp::owner_priority) continue;
    is_wanted = true;
    if (has_proxy) continue;
    for (const auto& one : instance.addresses) wanted.push_back(one.prefix.address);
    for (const auto& one : instance.excluded_addresses) wanted.push_back(one.prefix.address);
  }
  if (is_wanted && has_proxy && !std::exchange(told_accepted_, true)) {
    log_.write(
        LogLevel::notice,
        "no_accept: the proxy serves on this node, traffic to the virtual addresses is let in");
  }
  const config::PacketFilter& said = config_->packet_filter;
  linux::PacketFilter::Settings settings{said.table, said.priority, said.counters};
  if (wanted == dropped_ && settings == filter_settings_) return;
  if (const Status done = filter_.drop(settings, wanted); !done) {
    log_.print(LogLevel::error, "no_accept has no effect: {}", baton::describe(done.error()));
    return;
  }
  if (!wanted.empty()) {
    log_.print(LogLevel::info, "setting firewall drop rule for {} addresses", wanted.size());
  }
  dropped_ = std::move(wanted);
  filter_settings_ = std::move(settings);
}

}  // namespace baton::failover
