// What a location says about the client's connection, beyond what every request looks at.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace baton::config {

struct ConnectionSettings {
  enum class Lingering : std::uint8_t { off, on, always } lingering = Lingering::on;
  bool keepalive_for_msie6 = false;  // keepalive_disable without msie6
  bool keepalive_for_safari = true;  // keepalive_disable without safari
  Duration keepalive_time = 1h;      // how long a connection may be used in all
  bool msie_padding = true;          // makes error pages long enough for MSIE and Chrome
};

}  // namespace baton::config
