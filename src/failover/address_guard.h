// Keeps the kernel's addresses equal to what the instances hold, after every path:
//  * addresses are put with a short lifetime and renewed every second, so that the kernel drops
//    them when this process dies, hangs or is stopped;
//  * an address that somebody else removed (a network manager, an operator) is put back at once,
//    and when that is repeated too often, at the next renewal;
//  * what an earlier run left behind is removed at start.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "failover/link_table.h"
#include "net/address_traits.h"

namespace baton::failover {

struct HeldAddress {
  net::Prefix prefix;
  std::string device;
  std::string label;
  std::optional<net::IpAddress> broadcast;
  std::uint8_t scope = 0;
  bool tracked = true;  // false: not put back when somebody removes it
  net::AddressTraits traits;

  friend bool operator==(const HeldAddress&, const HeldAddress&) = default;
};

class AddressGuard {
 public:
  static constexpr Duration lifetime = 3s;
  static constexpr Duration renew_interval = 1s;
  // So often within a second an address is put back at once.
  static constexpr unsigned restores_per_second = 5;

  AddressGuard(linux::Netlink& netlink, LinkTable& links, Log& log)
      : netlink_(netlink), links_(links), log_(log) {}

  // Removes `addresses` where an earlier run left them.
  void remove_leftovers(const std::vector<HeldAddress>& addresses);
  // From now on `holder` holds exactly `addresses`.
  void hold(const std::string& holder, std::vector<HeldAddress> addresses);
  void release(const std::string& holder);
  // Gives every address a new lifetime, and puts back those that are gone.
  void renew();
  // Leaves all held addresses behind, without a lifetime (keepalived's -V).
  void leave_for_good();
  // Told of every address that disappears.
  void on_removed(const linux::InterfaceAddress& address, Instant now);

  // True when the address is on its device now, as far as the kernel has told.
  [[nodiscard]] bool is_present(const HeldAddress& address) const;

 private:
  struct Storm {
    Instant since{};
    unsigned count = 0;
  };
  static linux::AddressChange change_of(const HeldAddress& address, const linux::Link& link);
  void put(const HeldAddress& address, bool for_good);
  void note_result(const HeldAddress& address, int errno_value);
  void remove(const HeldAddress& address);
  [[nodiscard]] bool is_wanted(const HeldAddress& address) const;
  bool may_restore(const net::Prefix& prefix, Instant now);

  linux::Netlink& netlink_;
  LinkTable& links_;
  Log& log_;
  std::map<std::string, std::vector<HeldAddress>> held_;
  std::map<net::Prefix, Storm> storms_;  // of configured addresses only
  std::map<net::Prefix, int> last_error_;
};

}  // namespace baton::failover
