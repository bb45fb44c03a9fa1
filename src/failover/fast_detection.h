// Fast detection of a dead master (BFD) in the real world: the sessions on their sockets, and the
// decisions of a MasterWatch (master_watch.h). Also, and without it:
//
//   bfd_instance of the configuration  ->  health of the instances that track it
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/model/failover.h"
#include "failover/bfd_sessions.h"
#include "failover/master_watch.h"
#include "failover/router.h"

namespace baton::failover {

class FastDetection final : public BfdSessions::Owner {
 public:
  // A bfd_instance, by its index, is up or down.
  using Report = std::function<void(std::uint32_t, vrrp::Health, const std::string&)>;

  FastDetection(runtime::Loop& loop, Log& log, LinkTable& links, std::uint64_t seed, Report report);

  // From now on these routers of `config`, both of which outlive the next call.
  void use(const config::Failover& config, const std::vector<std::unique_ptr<Router>>& routers);
  // Something happened to `router`; cheap when it changes nothing here.
  void note(const Router& router);
  // Links or addresses changed.
  void note_links() { timer_.arm(loop_.now()); }
  void slept() { sessions_.slept(); }
  void close();

  // A backup watches this node now: it would take over at once.
  [[nodiscard]] bool is_watched() const { return sessions_.table().is_watched(); }
  [[nodiscard]] const bfd::SessionTable& table() const { return sessions_.table(); }
  // Health of a bfd_instance; down before the session was up.
  [[nodiscard]] vrrp::Health health(std::uint32_t index) const;

 private:
  void review();
  void on_session(const bfd::TableEntry& entry, const bfd::action::SessionChanged& change) override;
  void report(const bfd::TableEntry& entry, const bfd::action::SessionChanged& change);
  [[nodiscard]] MasterWatch::Place place_of(const RouterFace& router) const;

  runtime::Loop& loop_;
  Log& log_;
  LinkTable& links_;
  BfdSessions sessions_;
  Report report_;
  const config::Failover* config_ = nullptr;
  MasterWatch watch_;
  runtime::Timer timer_;
  bool closed_ = false;
};

}  // namespace baton::failover
