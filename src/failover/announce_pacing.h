// How announcements (gratuitous ARP, unsolicited neighbour advertisements) are spread in time:
// a pause between the frames of one interface, or of a garp_group of interfaces together.
#pragma once

#include <map>
#include <string>

#include "base/time.h"
#include "config/model/failover.h"

namespace baton::failover {

class AnnouncePacing {
 public:
  struct Pause {
    std::string lane;  // frames of one lane share the pause
    Duration interval{};
  };

  AnnouncePacing() = default;
  explicit AnnouncePacing(const config::Failover& config);

  // For a frame of `family` on `device`; an interval of 0 means at once.
  [[nodiscard]] Pause pause(const std::string& device, net::Family family) const;

  friend bool operator==(const AnnouncePacing&, const AnnouncePacing&) = default;

 private:
  struct Intervals {
    std::string lane;
    Duration garp{};
    Duration gna{};

    friend bool operator==(const Intervals&, const Intervals&) = default;
  };
  Duration garp_{};
  Duration gna_{};
  std::map<std::string, Intervals> grouped_;  // by device
};

}  // namespace baton::failover
