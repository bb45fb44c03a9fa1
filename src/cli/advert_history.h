// What adverts say when they are seen next to each other: who shares a virtual router id without
// going together. The usual causes of two masters at once show here and nowhere else.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "vrrp/packet.h"

namespace baton::cli {

// Remembers who sends what, and says what does not go together: multicast and unicast for one
// virtual router id, different addresses, intervals, passwords, versions; two masters at once.
// At most as many routers are remembered as there are ids, two senders each.
class AdvertHistory {
 public:
  // What is odd about `parsed` after what came before it. Packets with problems are not judged.
  std::vector<std::string> compare(const vrrp::ParsedAdvert& parsed, WallTime time);

 private:
  struct Sender {
    vrrp::Advert advert;
    net::IpAddress source;
    bool multicast = true;
    WallTime last{};
  };
  static std::vector<std::string> differences(const Sender& other, const Sender& now);

  std::map<std::uint8_t, std::vector<Sender>> routers_;
};

}  // namespace baton::cli
