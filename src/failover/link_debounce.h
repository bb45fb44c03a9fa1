// interface_up_down_delays: an interface has to stay in a new state for its delay before the state
// is believed. Pure: who drives it tells what it sees, and looks again at next_change().
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/tracking.h"

namespace baton::failover {

class LinkDebounce {
 public:
  // What was believed of an interface stays so.
  void configure(std::vector<config::InterfaceDelays> delays) { delays_ = std::move(delays); }

  // What is to be believed of `interface`, which is seen to be usable or not; the first look is
  // believed at once.
  bool look(const std::string& interface, bool usable, Instant now);
  // When look() may answer differently without anything new to see.
  [[nodiscard]] Instant next_change() const;

 private:
  struct Seen {
    bool believed = false;
    Instant due = never;  // of the contrary
  };
  std::vector<config::InterfaceDelays> delays_;
  std::map<std::string, Seen> seen_;  // of interfaces with delays only
};

}  // namespace baton::failover
