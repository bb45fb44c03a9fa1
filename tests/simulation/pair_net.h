// The pair links of a world: between each two hosts a connection that keeps messages in order and
// loses none while it lives. It outlives a cut of the network for a while, as TCP does: what is
// said meanwhile arrives later. It breaks when one end has heard nothing for `silence_max`, when a
// process ends or when something on the way resets it; then it is made anew when both ends are
// there and hear each other. (failover/pair_link.h is the real one, with the same times.)
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "base/random.h"
#include "failover/pair_frame.h"
#include "simulation/network.h"

namespace baton::simulation {

struct Surroundings;

class PairNet {
 public:
  static constexpr Duration silence_max = 2500ms;
  static constexpr Duration redial_first = 200ms;
  static constexpr std::uint64_t redial_spread_ms = 2000;

  PairNet(Surroundings& around, std::uint64_t seed) : around_(around), random_(seed) {}

  void send(std::size_t from, std::size_t to, failover::PairMessage type, const std::string& body);
  // The world has changed: who hears whom?
  void review();
  // Something is due (Item::Kind::pair).
  void due(const Item& item);
  // The connections of `host` are reset on the way.
  void reset(std::size_t host);
  // The process of `host` has ended.
  void forget(std::size_t host);

  // As `host` knows it.
  [[nodiscard]] bool is_up(std::size_t host, std::size_t peer) const {
    return links_[host][peer].up;
  }

 private:
  enum Part : std::uint32_t { message, silence, closed, connect };
  struct Message {
    std::uint32_t connection = 0;
    failover::PairMessage type{};
    std::string body;
  };
  // From one host (second index) to another (first): what the first one has of it.
  struct End {
    bool up = false;
    bool counts_silence = false;
    std::uint32_t silences = 0;
    Instant last{};                     // the last message on its way arrives then
    std::deque<std::uint32_t> stalled;  // messages that wait on the way
  };

  [[nodiscard]] bool is_awake(std::size_t host) const;
  [[nodiscard]] bool passes(std::size_t from, std::size_t to) const;
  [[nodiscard]] std::uint32_t& connection(std::size_t a, std::size_t b) {
    return connections_[std::min(a, b)][std::max(a, b)];
  }
  void plan(Part part, std::size_t host, std::size_t other, Duration in, std::uint32_t number);
  void review(std::size_t host, std::size_t other);
  void deliver(std::size_t host, std::size_t other, std::uint32_t number);
  void end(std::size_t host, std::size_t other);
  void join(std::size_t a, std::size_t b);

  Surroundings& around_;
  Random random_;
  std::array<std::array<End, hosts_max>, hosts_max> links_{};
  std::array<std::array<std::uint32_t, hosts_max>, hosts_max> connections_{};  // number of them
  std::array<std::array<bool, hosts_max>, hosts_max> dialling_{};
  std::map<std::uint32_t, Message> messages_;
  std::uint32_t last_message_ = 0;
};

}  // namespace baton::simulation
