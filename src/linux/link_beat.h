// Asks a network driver whether its link has a carrier, for drivers that do not tell by themselves.
#pragma once

#include <optional>
#include <string>

namespace baton::linux {

enum class CarrierQuestion : unsigned char {
  mii,      // the transceiver's status register
  ethtool,  // ETHTOOL_GLINK
  flags,    // IFF_RUNNING
};

// By `question` or, when the driver does not know it, by the next ones of the list above. Nothing
// when there is no such interface.
std::optional<bool> has_carrier(const std::string& interface, CarrierQuestion question);

}  // namespace baton::linux
