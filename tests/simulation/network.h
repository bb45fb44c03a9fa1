// The links of a world and what is under way on them. A packet is delayed, may be lost, doubled or
// overtaken, and does not pass where a direction between two stations is cut. Stations of a link
// are the hosts and, as the last one, a neighbour: the gateway whose ARP cache tells whom the
// segment believes (neighbour.h).
//
// An advert is built and parsed by the shipped codec, once for all equal ones: a pure function
// gives the same for the same bytes, and a master says the same thing for hours.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "base/random.h"
#include "simulation/plan.h"
#include "simulation/tally.h"
#include "vrrp/packet.h"

namespace baton::simulation {

// An advert as it is on the wire, and as who receives it reads it.
struct Wire {
  std::vector<std::uint8_t> bytes;  // from the IP header on with IPv4, the message alone with IPv6
  vrrp::Envelope envelope;          // IPv6
  vrrp::ParsedAdvert parsed;
};
Wire make_wire(const vrrp::Advert& advert, const net::IpAddress& source,
               const net::IpAddress& destination, vrrp::ChecksumForm form);
// Reads `bytes`, whatever they are.
vrrp::ParsedAdvert read_wire(std::span<const std::uint8_t> bytes, const vrrp::Envelope& envelope);

// Something that happens at a time of its own.
struct Item {
  enum class Kind : std::uint8_t {
    advert,    // to host, router
    claim,     // an answer or announcement of ARP, to host, router
    announce,  // to the neighbour of the router's link, from host
    stage,     // the next part of a fault
    expiry,    // the kernel of host drops addresses
    silence,   // the session of host with its master may be over
    bfd,       // a packet of BFD, to host, of the host `router`
    report,    // on the second heartbeat path, to host
    witness,   // an answer, to host, router
    link,      // host looks whether its links receive
    pair,      // something of the pair link, to host, of the host `router` (pair_net.h)
    judge,     // a checker wants to look at router
  };
  Instant at{};
  std::uint64_t order = 0;
  Kind kind = Kind::advert;
  std::uint8_t host = 0;
  std::uint8_t router = 0;
  std::uint32_t number = 0;  // stage: the step; expiry, judge: the generation that it is about
  std::uint32_t part = 0;    // stage: which one; judge: the checker
  const Wire* wire = nullptr;
  const std::vector<std::uint8_t>* bytes = nullptr;  // bfd
};

// What is to come, in the order of time; what is to come at one time, in the order of asking.
class Agenda {
 public:
  void add(Item item);
  [[nodiscard]] Instant next() const { return heap_.empty() ? never : heap_.front().at; }
  Item take();
  [[nodiscard]] std::size_t size() const { return heap_.size(); }

 private:
  std::vector<Item> heap_;
  std::uint64_t order_ = 0;
};

class Network {
 public:
  // No packet is under way for longer.
  static constexpr Duration slowest = 2s;
  // Beside the links of virtual routers: the second heartbeat path, the pair link.
  static constexpr std::size_t second_path = links_max;
  static constexpr std::size_t pair_link = links_max + 1;
  static constexpr std::size_t networks = links_max + 2;

  Network(const Plan& plan, Agenda& agenda, Tally& tally);

  struct Weather {
    std::uint32_t loss_per_mille = 0;
    std::uint32_t duplicates_per_mille = 0;
    bool reorders = false;
    Duration delay_max{};
  };
  void set_weather(const Weather& weather) { weather_ = weather; }
  [[nodiscard]] const Weather& clear_weather() const { return clear_; }

  [[nodiscard]] std::size_t neighbour() const { return plan_.hosts; }
  // Cuts count: a direction is open again when all who cut it have mended it.
  void cut(std::size_t link, std::size_t from, std::size_t to) { ++cuts_[link][from][to]; }
  void mend(std::size_t link, std::size_t from, std::size_t to) { --cuts_[link][from][to]; }
  [[nodiscard]] bool reaches(std::size_t link, std::size_t from, std::size_t to) const {
    return cuts_[link][from][to] == 0;
  }

  // Sends `item` from its host or another station to `to`; false when nothing will arrive.
  bool carry(Item item, std::size_t link, std::size_t from, std::size_t to, Instant now);

 private:
  using Matrix = std::array<std::array<std::uint8_t, hosts_max + 1>, hosts_max + 1>;

  const Plan& plan_;
  Agenda& agenda_;
  Tally& tally_;
  Random random_;
  Weather clear_;
  Weather weather_;
  std::array<Matrix, networks> cuts_{};
  std::array<std::array<std::array<Instant, hosts_max + 1>, hosts_max + 1>, networks> last_{};
};

}  // namespace baton::simulation
