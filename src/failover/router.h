// One virtual router in the real world: drives a vrrp::Instance with packets, timers and trackers,
// and does what its actions say.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "failover/address_guard.h"
#include "failover/advert_ports.h"
#include "failover/announcer.h"
#include "failover/flight_recorder.h"
#include "failover/last_will.h"
#include "failover/link_debounce.h"
#include "failover/plan.h"
#include "failover/proxy_watch.h"
#include "failover/router_face.h"
#include "failover/script_schedule.h"
#include "failover/second_path.h"
#include "failover/witness_desk.h"
#include "runtime/loop.h"
#include "vrrp/instance.h"

namespace baton::failover {

// What all routers of the process work with.
struct Tools {
  runtime::Loop& loop;
  Log& log;
  bool log_detail;
  LinkTable& links;
  AddressGuard& guard;
  Announcer& announcer;
  AdvertPorts& ports;
  FlightRecorder& recorder;
  SecondPath& second_path;
  WitnessDesk& witnesses;
  LinkDebounce& debounce;
  LastWill& will;
  RouteGuard& routes;
};

class Router final : public AdvertListener, public RouterFace {
 public:
  // What the machine made of an advert.
  struct AdvertVerdict {
    std::optional<vrrp::Reject> reject;
    bool addresses_differ = false;
  };
  // Who is told of what goes beyond the router.
  class Owner {
   public:
    virtual void on_notice(Router& router, const vrrp::action::Notify& notify) = 0;
    virtual void on_transition(Router& router, const vrrp::action::Transition& transition) = 0;
    // An advert was judged.
    virtual void on_advert(Router& router, const vrrp::ParsedAdvert& parsed,
                           const AdvertVerdict& verdict) = 0;
    // After every event that the router has dealt with. `changed`: its state, its source or its
    // master is another one.
    virtual void on_handled(Router& router, bool changed) = 0;
    // A preempting return is due, and the master may be asked to pass.
    virtual void ask_to_pass(Router& router) = 0;
    // Before a timer or a packet is believed: has this process slept?
    virtual void check_sleep(Instant now) = 0;
    // Addresses that are never a router's own, sorted.
    [[nodiscard]] virtual const std::vector<net::IpAddress>& virtual_addresses() const = 0;

   protected:
    ~Owner() = default;
  };

  Router(Tools& tools, Owner& owner, Plan plan, std::uint32_t index);
  ~Router();
  Router(const Router&) = delete;

  void start();
  void stop(bool yield);
  void slept(Duration length);
  // Looks at links and addresses anew: trackers, source address, socket.
  void review_links();
  void report_script(std::uint32_t script, vrrp::Health health, const std::string& detail);
  void report_claim(const linux::AddressClaim& claim);
  // A file or a process; `value` is a file's.
  void report_watched(Watched::Kind kind, std::uint32_t index, vrrp::Health health,
                      const std::string& detail, int value = 0);
  void report_proxy(vrrp::Health health, const std::string& detail);
  void report_bfd(std::uint32_t session, vrrp::Health health, const std::string& detail);
  // From the second heartbeat path.
  void report_peer(const vrrp::PeerReport& report);
  // The interface has received a frame.
  void report_link_receives();
  void obey(const vrrp::Event& command) override { handle(command, tools_.loop.now()); }
  void clear_counters() { instance_.clear_counters(); }
  // Another plan of the same identity; nothing happens when it is equal.
  void replan(Plan plan, std::uint32_t index);

  void on_packet(const vrrp::ParsedAdvert& parsed, Instant arrived) override;
  void on_sent(const net::IpAddress& destination, const Status& status) override;

  [[nodiscard]] const vrrp::Instance& instance() const override { return instance_; }
  [[nodiscard]] const std::vector<HeldAddress>& held() const override { return plan_.held; }
  // Where its adverts go and come; null without one.
  [[nodiscard]] const AdvertPort* port() const { return port_.get(); }
  [[nodiscard]] const std::string& link_of(const std::string& device) const override {
    return failover::link_of(plan_, device);
  }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  // In the configuration.
  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return plan_.settings.name; }
  [[nodiscard]] bool stopped() const { return instance_.state() == vrrp::State::stopped; }
  [[nodiscard]] bool tracks_proxy() const;

 private:
  void on_timer();
  void handle(const vrrp::Event& event, Instant now);
  // For the flight recorder.
  void record(const vrrp::Event& event, Instant now, bool rejected, const vrrp::Actions& actions);
  void record(Moment::Kind kind, std::uint8_t priority = 0);
  void apply(const vrrp::action::SendAdvert& send);
  void apply(const vrrp::action::AddAddresses&);
  void apply(const vrrp::action::RemoveAddresses&);
  void apply(const vrrp::action::Announce& announce);
  void apply(const vrrp::action::Probe&);
  void apply(const vrrp::action::AskWitness&);
  void apply(const vrrp::action::AskPass&) { owner_.ask_to_pass(*this); }
  void apply(const vrrp::action::Solicit&);
  void apply(const vrrp::action::SendReport&);
  void apply(const vrrp::action::Notify& notify) { owner_.on_notice(*this, notify); }
  void apply(const vrrp::action::LogLine& line);
  void apply(const vrrp::action::Transition& transition) {
    owner_.on_transition(*this, transition);
  }
  void review_port();
  void release_port(std::shared_ptr<AdvertPort>& port);
  void announce_elsewhere();
  [[nodiscard]] bool is_vmac(const std::string& device) const;
  [[nodiscard]] bool has_authentication_header() const {
    return plan_.settings.auth_type == vrrp::auth_header;
  }
  void log_detail(const char* what);
  void review_sysctl();
  void send_to(const net::IpAddress& destination, const vrrp::action::SendAdvert& send);
  [[nodiscard]] linux::OutgoingPacket make_advert(const net::IpAddress& destination,
                                                  const vrrp::action::SendAdvert& send);
  [[nodiscard]] Bequest::Goodbye make_packet(const net::IpAddress& destination,
                                             const vrrp::action::SendAdvert& send);
  // What is to be done if this process dies while it is master.
  [[nodiscard]] Bequest make_bequest();
  // An owner's real address is here for good and is not ours to put or to remove.
  [[nodiscard]] std::vector<HeldAddress> own_held() const;

  Tools& tools_;
  Owner& owner_;
  Plan plan_;
  std::uint32_t index_;
  vrrp::Instance instance_;
  runtime::Timer timer_;
  runtime::Timer extra_timer_;  // garp_extra_if
  std::shared_ptr<AdvertPort> port_;
  std::shared_ptr<AdvertPort> plain_port_;  // with AH: where adverts without it are noticed
  std::uint32_t goodbye_sequence_ = 0;      // with AH: of the goodbye in the last will
  // The advert of the ordinary beat as it went out last: only its IP header is another one.
  struct Built {
    std::uint8_t priority = 0;
    vrrp::ChecksumForm form{};
    Bequest::Goodbye packet;
  };
  std::optional<Built> built_;
  bool on_beat_ = false;  // what is sent now may leave at the end of the turn
  FlightRecorder::Ring* ring_;
  std::uint16_t packet_id_ = 0;
  int port_error_ = 0;
  int send_error_ = 0;
  std::optional<vrrp::PeerReport> last_report_;  // for the flight recorder
};

}  // namespace baton::failover
