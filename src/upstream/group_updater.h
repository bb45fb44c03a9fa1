// Keeps groups with names as their name servers say: one conversation for each line with
// `resolve`, on the main thread of the process, which looks its name up, puts the servers into the
// group, and looks again when the answer ends. Threads see the new group with their next request.
//
// As nginx: a name that does not exist has no servers; when name servers fail, the servers stay as
// they were. SRV records (`service=`): those of the lowest priority are primary servers, the
// others backups; of a line that says `backup`, the former are backups and the latter not used.
#pragma once

#include <cstdint>
#include <vector>

#include "base/log.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "upstream/resolver.h"
#include "upstream/upstreams.h"

namespace baton::upstream {

class GroupUpdater {
 public:
  // All outlive it.
  GroupUpdater(runtime::Loop& loop, Upstreams& upstreams, Log& log);

  // Begins. The tasks end after stop(), or when the loop is cancelled.
  void start(runtime::TaskScope& scope);
  void stop() { stopping_ = true; }
  // Every name has servers, or has been asked for once: there is nothing to wait for.
  [[nodiscard]] bool settled() const { return unsettled_ == 0; }

 private:
  struct Answer {
    DnsStatus status = DnsStatus::server_failure;
    std::vector<ResolvedMember> members;
    Instant valid_until{};
  };
  runtime::Task<void> watch(std::uint32_t group, std::size_t line);
  runtime::Task<void> ask(const config::ResolverSettings& settings,
                          const config::ResolvedServer& line, Answer& answer);
  runtime::Task<void> ask_service(Resolver& resolver, const config::ResolvedServer& line,
                                  Instant deadline, Answer& answer);
  void apply(std::uint32_t group, std::size_t line, Answer answer);

  runtime::Loop& loop_;
  Upstreams& upstreams_;
  Log& log_;
  Resolvers resolvers_;
  std::size_t unsettled_ = 0;
  bool stopping_ = false;
};

}  // namespace baton::upstream
