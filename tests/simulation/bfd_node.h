// The BFD of one host: the shipped session table (src/bfd) with its packets on the world's lossy
// links, and the shipped decisions about whom to watch (failover/master_watch.h), in the order in
// which failover/bfd_sessions.h and failover/fast_detection.h do it: packets are read before a
// timer is believed, sessions are reviewed after the event that made it necessary.
#pragma once

#include <deque>
#include <vector>

#include "failover/master_watch.h"
#include "simulation/network.h"

namespace baton::simulation {

class Host;
struct Surroundings;
struct VirtualRouter;

class BfdNode {
 public:
  BfdNode(Surroundings& around, Host& host, std::uint64_t seed);

  // Something happened to `router`.
  void note(const VirtualRouter& router);
  // Of host `from`; while the process is paused its socket keeps what comes.
  void hear(std::size_t from, const std::vector<std::uint8_t>& bytes);
  // Did not run, and goes on: what waited is read first.
  void resume(bool slept);
  // The clock has leapt.
  void slept();
  // At deadline().
  void timer();
  // Says goodbye to all.
  void close();

  [[nodiscard]] Instant deadline() const;  // of the host's clock
  [[nodiscard]] const bfd::SessionTable& table() const { return table_; }
  // Up, and watched for a router of this host.
  [[nodiscard]] bool follows(const net::IpAddress& local, const net::IpAddress& master) const;

 private:
  struct Waiting {
    std::size_t from;
    const std::vector<std::uint8_t>* bytes;
    Instant at;
  };
  void read(std::size_t from, const std::vector<std::uint8_t>& bytes, Instant arrived);
  void review();
  void apply(const bfd::TableActions& actions);
  void send(const bfd::action::SendTo& packet);
  [[nodiscard]] Instant now() const;

  Surroundings& around_;
  Host& host_;
  bfd::SessionTable table_;
  failover::MasterWatch watch_;
  bool review_wanted_ = true;
  bool closed_ = false;
  std::deque<Waiting> waiting_;
};

}  // namespace baton::simulation
