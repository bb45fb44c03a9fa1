// keepalived.conf: whatever stands in it, reading ends, every problem has a place that can be
// shown, and a model that comes out keeps its promises. What stands behind a NUL byte is a second
// file that the first may include as "more".

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "base/assert.h"
#include "config/keepalived/load.h"

namespace {

using namespace baton;

std::string field(std::string_view text) {
  return fmt::format("{}:{}", text.size(), text);
}

// Replayed sources: the target must not depend on the disk.
config::SourceTree sources_of(std::string_view main, std::string_view more) {
  const std::string packed = "baton-sources-1\nf" + field("/k/main") + field(main) + "f" +
                             field("/k/more") + field(more) + "g" + field("/k/more") + field("1") +
                             field("/k/more");
  auto sources = config::SourceTree::unpack(packed);
  BATON_ASSERT(sources);
  return std::move(*sources);
}

void check_instance(const config::VrrpInstance& instance, std::size_t scripts) {
  BATON_ASSERT(!instance.name.empty() && instance.virtual_router_id > 0);
  const bool is_ipv6 = instance.wire.family == net::Family::ipv6;
  BATON_ASSERT(instance.priority > 0 &&
               (instance.version == 3 || (instance.version == 2 && !is_ipv6)));
  if (instance.version == 2) {
    BATON_ASSERT(instance.advert_interval >= 1s && instance.advert_interval <= 255s);
    BATON_ASSERT(instance.advert_interval % 1s == 0s);
  } else {
    BATON_ASSERT(instance.advert_interval >= 10ms && instance.advert_interval <= 40950ms);
    BATON_ASSERT(instance.advert_interval % 10ms == 0s && instance.password.empty());
  }
  BATON_ASSERT(instance.password.size() <= 8);
  BATON_ASSERT((instance.auth == config::VrrpAuth::password) == !instance.password.empty());
  BATON_ASSERT(!instance.interface.empty() || instance.source_address);
  BATON_ASSERT(instance.addresses.size() <= 255);
  for (const auto& address : instance.addresses) {
    BATON_ASSERT(address.prefix.address.is_ipv4() != is_ipv6);
    BATON_ASSERT(address.prefix.length <= (is_ipv6 ? 128 : 32));
  }
  for (const auto& tracked : instance.tracked_scripts) BATON_ASSERT(tracked.script < scripts);
  BATON_ASSERT(!instance.nopreempt || !instance.wants_master);
}

void check_model(const config::Failover& model) {
  std::set<std::string> names;
  for (const auto& instance : model.instances) {
    check_instance(instance, model.scripts.size());
    BATON_ASSERT(names.insert(instance.name).second);
  }
  for (const auto& script : model.scripts) {
    BATON_ASSERT(!script.command.arguments.empty() && script.rise > 0 && script.fall > 0);
    BATON_ASSERT(script.interval > 0s && script.timeout >= 0s);
  }
  std::set<std::uint32_t> members;
  for (const auto& group : model.sync_groups) {
    BATON_ASSERT(!group.members.empty());
    for (const auto member : group.members) {
      BATON_ASSERT(member < model.instances.size() && members.insert(member).second);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::size_t cut = text.find('\0');
  auto sources = sources_of(text.substr(0, cut), cut == text.npos ? "" : text.substr(cut + 1));
  config::Diagnostics diagnostics;
  const auto model = config::keepalived::load(sources, {"/k/main", "node"}, diagnostics);
  BATON_ASSERT((model == nullptr) == diagnostics.failed());
  if (model) check_model(*model);
  for (const auto& diagnostic : diagnostics.all()) {
    BATON_ASSERT(diagnostic.where.file);
    BATON_ASSERT(!config::render(diagnostic, sources).empty());
  }
  return 0;
}
