// Announces addresses, IPv4 ones by gratuitous ARP and IPv6 ones by unsolicited neighbour
// advertisements, at once or with a pause between the frames (announce_pacing.h).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "failover/announce_pacing.h"
#include "failover/link_table.h"
#include "linux/arp.h"
#include "runtime/loop.h"

namespace baton::failover {

class Announcer {
 public:
  // Frames that wait for their turn, a lane.
  static constexpr std::size_t queued_max = 8192;

  Announcer(runtime::Loop& loop, linux::ArpSocket socket, const LinkTable& links, Log& log,
            bool log_detail)
      : loop_(loop),
        socket_(std::move(socket)),
        links_(links),
        log_(log),
        log_detail_(log_detail) {}

  struct Target {
    net::IpAddress address;
    std::string device;
  };
  // `repeat` frames for each target; all targets once before any twice.
  void announce(const std::string& instance, const std::vector<Target>& targets,
                std::uint32_t repeat, const AnnouncePacing& pacing);
  // Asks some of the neighbours that this machine knows on `device` for their addresses (which it
  // knows), and in IPv6 all nodes whether they are there: whoever answers proves that the link
  // receives.
  void solicit(const std::string& device, const net::IpAddress& source);
  // Asks the members of `group` whether one of them has the address, too. `from`: who asks.
  void probe(const Target& target, const net::IpAddress& from, const net::IpAddress& group);

 private:
  struct Queue {
    std::deque<Target> waiting;
    Duration interval{};
    std::unique_ptr<runtime::Timer> timer;
  };
  void send(const Target& target);
  Status send_frame(const linux::Link& link, const net::IpAddress& address);
  void enqueue(const Target& target, const AnnouncePacing::Pause& pause);
  void send_next(const std::string& lane);

  runtime::Loop& loop_;
  linux::ArpSocket socket_;
  const LinkTable& links_;
  Log& log_;
  bool log_detail_;
  std::map<std::string, Queue> queues_;  // by lane
  int last_error_ = 0;
};

}  // namespace baton::failover
