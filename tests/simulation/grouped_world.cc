// The judges: a host is never master on one link only (but while it stops), a host with a fault
// is in FAULT on both, after settling the better host is master on both links and alone holds the
// addresses, and a planned stop leaves no moment without them.

#include "simulation/grouped_world.h"

#include <fmt/format.h>

#include <array>

#include "vrrp/virtual_segment.h"

namespace baton::vrrp {

namespace {

constexpr std::size_t hosts = 2;
constexpr std::size_t links = 2;

class GroupedWorld {
 public:
  explicit GroupedWorld(std::uint64_t seed) : seed_(seed), segment_(seed), random_(seed ^ 0x70b) {
    segment_.keep_history = false;
    segment_.delay_max = std::chrono::microseconds(200 + random_.below(3000));
    const auto nopreempt = random_.chance(4);
    // The order of the hosts is the same on all links, the distance is not.
    for (std::size_t host = 0; host < hosts; ++host) {
      for (std::size_t link = 0; link < links; ++link) {
        Settings one;
        one.name = fmt::format("VI_{}", link + 1);
        one.virtual_router_id = static_cast<std::uint8_t>(51 + link);
        one.priority = static_cast<std::uint8_t>(host == 0 ? 128 + random_.below(127)
                                                           : 1 + random_.below(127));
        one.addresses = {net::IpAddress::ipv4(10, 9, static_cast<std::uint8_t>(link), 100)};
        one.trackers = {{"interface e", 0, false}};
        one.nopreempt = nopreempt;
        one.sync_group = "G";
        segment_.add(one, net::IpAddress::ipv4(10, 9, static_cast<std::uint8_t>(link),
                                               static_cast<std::uint8_t>(host + 1)));
      }
      segment_.tie("G", {node_of(host, 0), node_of(host, 1)});
    }
    for (std::size_t a = 0; a < hosts; ++a) {
      for (std::size_t b = 0; b < hosts; ++b)
        segment_.set_link(node_of(a, 0), node_of(b, 1), false);
    }
    for (std::size_t host = 0; host < hosts; ++host) start(host);
    segment_.observe = [this] { judge(); };
  }

  std::string run(Duration length) {
    const Instant end = segment_.now() + length;
    settle("start");
    while (why_.empty() && segment_.now() < end) episode();
    return why_;
  }

 private:
  static std::size_t node_of(std::size_t host, std::size_t link) { return host * links + link; }
  const Instance& instance(std::size_t host, std::size_t link) {
    return segment_.node(node_of(host, link)).instance;
  }
  void start(std::size_t host) {
    for (std::size_t link = 0; link < links; ++link) {
      segment_.restart(node_of(host, link), Settings(instance(host, link).settings()));
      report(host, link, Health::up);
    }
  }
  void crash(std::size_t host) {
    for (std::size_t link = 0; link < links; ++link) segment_.crash(node_of(host, link));
  }
  void report(std::size_t host, std::size_t link, Health health) {
    segment_.tell(node_of(host, link), event::TrackerReported{0, health, ""});
  }
  void connect(std::size_t link, bool connected) {
    segment_.set_link(node_of(0, link), node_of(1, link), connected);
  }
  Duration some_time() { return std::chrono::milliseconds(random_.below(15'000)); }
  void complain(const std::string& what) {
    if (!why_.empty()) return;
    why_ = fmt::format("grouped world {} at {:.6f} s: {}", seed_,
                       to_seconds(segment_.now().time_since_epoch()), what);
    for (std::size_t host = 0; host < hosts; ++host) {
      for (std::size_t link = 0; link < links; ++link) {
        const Instance& one = instance(host, link);
        why_ += fmt::format("\n  host {} link {} priority {} {} ({})", host, link,
                            one.effective_priority(), name_of(one.state()), one.reason());
      }
    }
  }

  void judge() {
    for (std::size_t host = 0; host < hosts; ++host) {
      const Instance& one = instance(host, 0);
      const Instance& two = instance(host, 1);
      const bool runs = segment_.node(node_of(host, 0)).running &&
                        segment_.node(node_of(host, 1)).running && !stopping_;
      if (!runs) continue;
      if ((one.state() == State::master) != (two.state() == State::master)) {
        complain("master on one link only");
      }
      const bool ill = one.has_own_fault() || two.has_own_fault();
      const bool both_out = one.state() == State::fault && two.state() == State::fault;
      if (ill && !both_out) complain("a fault did not take both links along");
    }
    for (std::size_t link = 0; stopping_ && link < links; ++link) {
      if (!holds(0, link) && !holds(1, link)) complain("planned stop left an address on nobody");
    }
  }
  bool holds(std::size_t host, std::size_t link) {
    return segment_.node(node_of(host, link)).holds;
  }

  void episode() {
    const std::size_t host = random_.below(hosts);
    const std::size_t link = random_.below(links);
    const std::uint64_t kind = random_.below(5);
    if (kind == 0) {
      crash(host);
      segment_.run_for(some_time());
      start(host);
    } else if (kind == 1) {  // the link of a host is cut, which it sees; perhaps another as well
      const bool both_hosts = random_.chance(3);
      report(host, link, Health::down);
      if (both_hosts) report(1 - host, random_.below(links), Health::down);
      segment_.run_for(some_time());
      report(host, link, Health::up);
      for (std::size_t other = 0; other < links; ++other) report(1 - host, other, Health::up);
    } else if (kind == 2) {  // a switch fails, which nobody sees; perhaps both
      connect(link, false);
      if (random_.chance(2)) connect(1 - link, false);
      segment_.run_for(some_time());
      for (std::size_t each = 0; each < links; ++each) connect(each, true);
    } else if (kind == 3) {
      planned_stop();
    } else {
      segment_.loss_per_mille = static_cast<std::uint32_t>(random_.below(600));
      segment_.run_for(3 * some_time());
      segment_.loss_per_mille = 0;
    }
    settle(std::array{"crash", "link fault", "silent switch", "planned stop", "loss"}[kind]);
  }

  void planned_stop() {
    const std::size_t host = instance(0, 0).state() == State::master ? 0 : 1;
    stopping_ = true;
    for (std::size_t link = 0; link < links; ++link) {
      segment_.tell(node_of(host, link), event::Stop{true});
    }
    segment_.run_for(4s);
    stopping_ = false;
    crash(host);
    start(host);
  }

  void settle(const char* after) {
    segment_.run_for(30s);
    const bool nopreempt = instance(0, 0).settings().nopreempt;
    const std::size_t master = instance(0, 0).state() == State::master ? 0 : 1;
    if (master != 0 && !nopreempt) complain(fmt::format("after {}: wrong host", after));
    for (std::size_t link = 0; link < links; ++link) {
      const bool good = instance(master, link).state() == State::master && holds(master, link) &&
                        instance(1 - master, link).state() == State::backup &&
                        !holds(1 - master, link);
      if (!good) complain(fmt::format("after {}: not one master and holder on a link", after));
    }
  }

  std::uint64_t seed_;
  VirtualSegment segment_;
  Random random_;
  bool stopping_ = false;
  std::string why_;
};

}  // namespace

std::string run_grouped_world(std::uint64_t seed, Duration length) {
  return GroupedWorld(seed).run(length);
}

}  // namespace baton::vrrp
