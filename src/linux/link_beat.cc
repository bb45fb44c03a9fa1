// ioctls on any socket.

#include "linux/link_beat.h"

#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/mii.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "runtime/fd.h"

namespace baton::linux {

namespace {

std::optional<bool> ask_mii(int socket, ifreq request) {
  if (::ioctl(socket, SIOCGMIIPHY, &request) < 0) return std::nullopt;
  auto* registers = reinterpret_cast<mii_ioctl_data*>(&request.ifr_ifru);
  registers->reg_num = MII_BMSR;
  // A loss is latched until it is read: the second reading tells of now.
  for (int reading = 0; reading < 2; ++reading) {
    if (::ioctl(socket, SIOCGMIIREG, &request) < 0) return std::nullopt;
  }
  return (registers->val_out & BMSR_LSTATUS) != 0;
}

std::optional<bool> ask_ethtool(int socket, ifreq request) {
  ethtool_value value{};
  value.cmd = ETHTOOL_GLINK;
  request.ifr_data = &value;
  if (::ioctl(socket, SIOCETHTOOL, &request) < 0) return std::nullopt;
  return value.data != 0;
}

std::optional<bool> ask_flags(int socket, ifreq request) {
  if (::ioctl(socket, SIOCGIFFLAGS, &request) < 0) return std::nullopt;
  return (request.ifr_flags & IFF_RUNNING) != 0;
}

}  // namespace

std::optional<bool> has_carrier(const std::string& interface, CarrierQuestion question) {
  const runtime::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || interface.size() >= IFNAMSIZ) return std::nullopt;
  ifreq request{};
  std::memcpy(request.ifr_name, interface.c_str(), interface.size());
  std::optional<bool> answer;
  if (question == CarrierQuestion::mii) answer = ask_mii(socket.get(), request);
  if (!answer && question != CarrierQuestion::flags) answer = ask_ethtool(socket.get(), request);
  if (!answer) answer = ask_flags(socket.get(), request);
  return answer;
}

}  // namespace baton::linux
