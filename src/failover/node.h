// This node of the pair: all virtual routers of the configuration with what they share, and the
// way of everything that happens outside them to the routers it concerns.
//
//   packets      advert_ports.h -> router.h -> vrrp::Instance -> actions
//   ARP          who else claims an address -> routers
//   links        netlink monitor -> link_table.h, address_guard.h -> routers
//   scripts      script_schedule.h -> supervisor -> result -> routers
//   files        file_watch.h -> routers
//   processes    process_watch.h -> process_census.h -> routers
//   proxy        ipc::Pulse -> proxy_watch.h -> routers
//   supervisor   channel: configure, stop, status_request, ...
//   time         a beat of 100 ms: renews addresses, notices that the process slept
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "failover/announcer.h"
#include "failover/file_watch.h"
#include "failover/handover_kernel.h"
#include "failover/inputs.h"
#include "failover/mismatch_book.h"
#include "failover/node_facts.h"
#include "failover/node_view.h"
#include "failover/notify_queue.h"
#include "failover/pair_link.h"
#include "failover/process_watch.h"
#include "failover/proxy_watch.h"
#include "failover/router.h"
#include "failover/script_schedule.h"
#include "ipc/channel.h"
#include "linux/neighbour_discovery.h"
#include "linux/packet_filter.h"
#include "runtime/signals.h"

namespace baton::failover {

// keepalived's numbers on Linux: SIGRTMIN is 34 for who uses glibc.
inline constexpr int signal_json = 36;
inline constexpr int signal_stats_clear = 63;

class Node final : public Router::Owner, public NodeView, public HandoverHost {
 public:
  static constexpr Duration beat = 100ms;
  // Waking up this much later than wanted is sleep, not scheduling.
  static constexpr Duration sleep_shortest = 200ms;
  // How long the end waits for notify_stop.
  static constexpr Duration notify_stop_patience = 1s;

  // Opens what the node needs; `loop` and the inputs' log outlive it.
  static Result<std::unique_ptr<Node>> create(runtime::Loop& loop, ProcessInputs inputs);
  ~Node();

  // Starts everything; the loop is stopped when the node has ended.
  void start();
  [[nodiscard]] int exit_code() const { return exit_code_; }

  [[nodiscard]] const config::Failover& config() const override { return *config_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Router>>& routers() const override {
    return routers_;
  }
  [[nodiscard]] const std::vector<RouterGroup>& groups() const override { return groups_; }
  [[nodiscard]] const LinkTable& links() const override { return links_; }
  [[nodiscard]] const ScriptSchedule& scripts() const override { return scripts_; }
  [[nodiscard]] const VmacGuard& vmacs() const override { return vmacs_; }
  [[nodiscard]] const RouteGuard& route_guard() const override { return routes_; }
  [[nodiscard]] const FileWatch& files() const override { return files_; }
  [[nodiscard]] const ProcessWatch& processes() const override { return processes_; }
  [[nodiscard]] const ProxyWatch& proxy() const override { return proxy_; }
  [[nodiscard]] const AddressGuard& guard() const override { return guard_; }
  [[nodiscard]] const FastDetection& detection() const override { return detection_; }
  [[nodiscard]] const PairLink& pair() const override { return pair_; }
  [[nodiscard]] const SecondPath& second_path() const override { return second_path_; }
  [[nodiscard]] const Handovers& handovers() const override { return handovers_; }
  [[nodiscard]] const FlightRecorder& recorder() const override { return recorder_; }
  [[nodiscard]] const MismatchBook& mismatches() const override { return mismatches_; }

  void on_notice(Router& router, const vrrp::action::Notify& notify) override;
  void on_transition(Router& router, const vrrp::action::Transition& transition) override;
  void on_handled(Router& router, bool changed) override;
  void on_advert(Router& router, const vrrp::ParsedAdvert& parsed,
                 const Router::AdvertVerdict& verdict) override;
  void check_sleep(Instant now) override;
  void ask_to_pass(Router& router) override { handovers_.ask_to_pass(router); }
  void tell(const std::vector<RouterFace*>& routers, const vrrp::Event& event) override;
  void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) override;
  void addresses_leave(const std::vector<net::IpAddress>& addresses, bool close_idle) override;
  [[nodiscard]] bool is_stopping() const override { return stopping_; }
  // By what the other node says of its file.
  [[nodiscard]] unsigned priority_of(const std::string& peer,
                                     const std::vector<std::string>& instances) const override;
  [[nodiscard]] const std::vector<net::IpAddress>& virtual_addresses() const override {
    return virtual_addresses_;
  }

 private:
  struct Opened {
    linux::Netlink netlink;
    linux::NetworkMonitor monitor;
    linux::ArpSocket arp;
    linux::ArpListener arp_listener;
    std::optional<linux::NeighbourListener> neighbour_listener;  // none without IPv6
    std::unique_ptr<runtime::Signals> signals;
  };
  Node(runtime::Loop& loop, ProcessInputs inputs, Opened opened);

  // Supervisor.
  runtime::Task<void> read_messages();
  runtime::Task<void> read_signals();
  void on_message(ipc::Message message);
  void on_signal(int number);
  void configure(const std::string& packed);
  void attach_proxy(ipc::Message message);
  void take_script_result(const ipc::Message& message);
  // `subject`: "history", or nothing for the whole status.
  void answer_status(std::uint64_t ticket, const std::string& subject);

  // Configuration.
  void remove_leftovers(const config::Failover& config);
  void use(std::shared_ptr<const config::Failover> config);
  void retire(std::unique_ptr<Router> router);
  void collect_virtual_addresses();
  void start_routers();
  [[nodiscard]] bool tracks_proxy(const config::VrrpInstance& instance) const;
  [[nodiscard]] Duration start_delay() const;

  // Sync groups (node_groups.cc).
  void arrange_groups();
  void review_groups();
  void review_group(RouterGroup& group);
  void tell_group(const RouterGroup& group, vrrp::action::Notice notice);

  // What goes to FIFOs and by mail (node_announcements.cc).
  void announce(const ipc::Announcement& announcement);
  void announce_state(const Router& router, std::string_view state, std::uint8_t priority,
                      const config::VrrpInstance& instance);
  void announce_notice(const Router& router, const vrrp::action::Notify& notify,
                       const config::VrrpInstance& instance);
  void announce_group(const RouterGroup& group, vrrp::action::Notice notice);
  void announce_all_states();
  void tell_deleted(const Router& router, const config::VrrpInstance& instance);
  // What is dropped for no_accept (node_filter.cc).
  void review_filter();
  // `tell` for every router; groups look at their members only afterwards, so that what concerns
  // all at once is not passed on by one of them to the others.
  template <typename Tell>
  void tell_all(Tell tell) {
    ++untold_;
    for (const auto& router : routers_) tell(*router);
    --untold_;
    review_groups();
  }

  // What happens by itself.
  void on_beat();
  bool read_network();
  void take_claim(const linux::AddressClaim& claim);
  // The second path and silent links (node_guard.cc).
  void take_report(const vrrp::PeerReport& report, const net::IpAddress& source);
  // A report that was not believed, because of the key.
  void take_disputed(const vrrp::PeerReport& disputed, const net::IpAddress& source,
                     vrrp::HeartbeatDrop drop);
  Router* router_of(const vrrp::PeerReport& report) const;
  void sample_links(Instant now);
  // Mistakes between the nodes (node_mismatch.cc).
  void compare_report(const Router& router, const vrrp::PeerReport& report);
  void note_mismatch(const Router& router, std::string keyword, std::string from, std::string text);
  [[nodiscard]] std::string our_pair_key_line() const;
  [[nodiscard]] std::string our_line(const Router& router, const std::string& keyword) const;
  [[nodiscard]] std::string their_line(const Router& router, const std::string& keyword) const;
  void take_facts(const std::string& peer, NodeFacts facts);
  // The pair link beside handovers (node_pair.cc).
  void join_pair();
  void tell_facts();
  void compare_anew();
  void keep_disagreements(Instant now);
  void add_peer_statuses(nlohmann::json& own);
  void log_link(const linux::Link& link);
  void log_unknown_router(const linux::VrrpEndpoint& endpoint, const vrrp::ParsedAdvert& parsed);
  void review_proxy();
  void tell_healths(Router& router);
  void run_scripts();
  void take_outcome(const ScriptSchedule::Outcome& outcome);
  void run_notifications();
  void forget_notifications();
  void flush_log();
  // Files, processes and links (node_trackers.cc).
  void watch_trackers(bool at_start);
  void report_file(Router* router, std::uint32_t file);
  void report_process(Router* router, std::uint32_t process);
  // The static part (node_statics.cc).
  void hold_statics();
  void hold_vmac_sources();
  void watch_routes();
  void review_statics();
  [[nodiscard]] std::string missing_of_group(const std::string& group) const;
  void poll_links();
  void review_links();

  // An operator's `baton pass` (node_handover.cc).
  void pass(const ipc::Message& message);
  // The instance, or all that are MASTER, with the other members of their groups; nothing and the
  // reason in `problem` when one of them is not MASTER.
  std::vector<RouterFace*> find_passed(const std::string& instance, std::string& problem);
  void stop_routers(bool yield);
  void stop_others(const std::vector<RouterFace*>& given, bool yield);
  bool await_handover(Instant now);

  // The end.
  void begin_stop(bool yield);
  void review_stop();
  void close();
  runtime::Task<void> end_tasks();

  runtime::Loop& loop_;
  ProcessInputs inputs_;
  Log& log_;
  std::shared_ptr<const config::Failover> config_;
  ipc::Channel channel_;
  std::unique_ptr<runtime::Signals> signals_;
  linux::Netlink netlink_;
  linux::NetworkMonitor monitor_;
  linux::ArpListener arp_listener_;
  std::optional<linux::NeighbourListener> neighbour_listener_;
  LinkTable links_;
  AddressGuard guard_;
  Announcer announcer_;
  AdvertPorts ports_;
  FlightRecorder recorder_;
  SecondPath second_path_;
  WitnessDesk witnesses_;
  LinkDebounce debounce_;
  LastWill will_;
  RouteGuard routes_;
  VmacGuard vmacs_;
  Tools tools_;
  ScriptSchedule scripts_;
  FileWatch files_;
  ProcessWatch processes_;
  ProxyWatch proxy_;
  FastDetection detection_;
  std::pair<vrrp::Health, std::string> told_proxy_;                  // to the routers
  std::map<std::uint64_t, std::unique_ptr<ReadWatch>> proxy_lives_;  // by generation
  std::vector<net::IpAddress> virtual_addresses_;                    // of the configuration, sorted
  std::vector<std::unique_ptr<Router>> routers_;
  std::vector<RouterGroup> groups_;
  linux::PacketFilter filter_;
  std::vector<net::IpAddress> dropped_;  // by filter_
  linux::PacketFilter::Settings filter_settings_;
  bool told_accepted_ = false;        // that addresses are accepted in spite of no_accept
  const Router* retiring_ = nullptr;  // a reload takes it away: its STOP concerns nobody
  unsigned untold_ = 0;               // above 0: routers are being told something, groups wait
  // At most 255 for each link that has instances; see log_unknown_vrids.
  std::set<std::pair<int, std::uint8_t>> told_unknown_routers_;
  std::map<std::string, NotifyQueue> notifications_;        // by instance
  std::map<std::string, NotifyQueue> group_notifications_;  // by sync group
  std::uint64_t last_notify_ticket_ = first_notify_ticket;
  std::unique_ptr<ReadWatch> monitor_watch_;
  std::unique_ptr<linux::RouteMonitor> route_monitor_;
  std::unique_ptr<ReadWatch> route_watch_;
  std::unique_ptr<ReadWatch> arp_watch_;
  std::unique_ptr<ReadWatch> neighbour_watch_;

  runtime::Timer beat_timer_;
  runtime::Timer script_timer_;
  runtime::Timer proxy_timer_;
  runtime::Timer link_timer_;
  runtime::Timer start_timer_;
  runtime::Timer stop_timer_;
  runtime::Timer log_timer_;
  struct LinkSample {
    bool usable = false;
    std::uint64_t frames = 0;
  };
  static constexpr Duration sample_interval = 250ms;
  std::map<std::string, LinkSample> link_samples_;  // by interface
  Instant next_sample_{};
  MismatchBook mismatches_;
  std::map<std::string, Instant> next_comparison_;  // of reports, by instance
  std::map<std::string, Instant> next_dispute_;     // the same of those that were not believed
  std::map<std::string, NodeFacts> peer_facts_;     // by name of the other node
  struct PeerStatus {
    nlohmann::json value;
    Instant at{};
  };
  std::map<net::IpAddress, PeerStatus> peer_statuses_;
  Instant next_peer_status_{};
  Instant next_comparison_of_facts_{};
  Duration default_link_wait_{};
  Instant last_beat_{};
  Instant next_renewal_{};
  bool watching_ = false;  // trackers are watched for
  bool started_ = false;   // the start delay is over
  bool stopping_ = false;
  bool closing_ = false;
  Instant stopped_at_ = never;  // all routers stopped; notify_stop may still run
  int exit_code_ = 0;
  bool told_handed_over_ = false;
  Instant stops_at_ = never;  // stopping: idle connections are told first
  Instant moved_at_ = never;  // stopping: the routers have stopped, connections are served on
  PairLink pair_;
  HandoverKernel handover_kernel_;
  Handovers handovers_;
  runtime::TaskScope scope_;
  runtime::TaskScope closing_scope_;

  // Tickets of checks count from 1; those of notifications are told apart by their size.
  static constexpr std::uint64_t first_notify_ticket = std::uint64_t{1} << 63;
};

}  // namespace baton::failover
