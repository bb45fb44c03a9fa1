// What nft makes of the commands of a handover (failover/handover_rules.h): tables, sets, chains,
// and what becomes of a packet that meets them. As with the kernel, all commands of a batch are
// done or none, and what does not exist cannot be removed.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace baton::simulation {

class PacketFilter {
 public:
  // False, and nothing is done, when a command cannot be done.
  bool run(std::string_view commands);
  // The process has ended, and its tables with it.
  void clear() { now_ = {}; }

  [[nodiscard]] bool is_empty() const { return now_.tables.empty(); }
  [[nodiscard]] const std::set<std::string>& tables() const { return now_.tables; }
  // "family table name" of every set.
  [[nodiscard]] std::vector<std::string> sets() const;
  // No question for `address` is answered.
  [[nodiscard]] bool is_silent(const net::IpAddress& address) const;
  // Where a packet of an established connection goes that comes in for `local`; nothing: to this
  // host itself.
  [[nodiscard]] std::optional<net::IpAddress> forward(const net::Endpoint& client,
                                                      const net::Endpoint& local) const;

 private:
  struct Content {
    std::set<std::string> tables;                            // "family name"
    std::map<std::string, std::set<std::string>> sets;       // "family table name"
    std::map<std::string, std::vector<std::string>> chains;  // the same, and its rules
  };
  static bool run_one(Content& content, std::string_view command);

  Content now_;
};

}  // namespace baton::simulation
