// What can be known of a location before any request comes: worked out once from the configuration
// and shared, unchanging, by all threads.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "config/model/proxy.h"
#include "http/header_name.h"
#include "proxy/forwarding/response_rewriter.h"
#include "proxy/routing/regex.h"
#include "proxy/routing/server_names.h"

namespace baton::proxy {

// A set of header names: a bit for each known one, a hash for the others.
class HeaderSet {
 public:
  void add(std::string_view name);     // in any case
  void remove(std::string_view name);  // in any case
  [[nodiscard]] bool contains(http::HeaderId id, std::string_view name) const {
    if (id != http::HeaderId::unknown) return known_[static_cast<std::size_t>(id)];
    return !others_.empty() && contains_other(name);
  }

 private:
  [[nodiscard]] bool contains_other(std::string_view name) const;
  std::bitset<http::header_id_count> known_;
  std::unordered_set<std::string, TextHash, std::equal_to<>> others_;  // lower case
};

struct LocationPlan {
  const config::Location* location = nullptr;
  // Proxying only.
  HeaderSet set_by_us;  // client's lines of these names are not forwarded
  HeaderSet hidden;     // upstream's lines of these names are not passed on
  bool passes_server = false;
  bool passes_date = false;
  bool sets_connection = false;  // the configuration gives its own Connection line
  std::shared_ptr<const ResponseRewriter> rewriter;  // null: header lines pass as they are
  // Expressions of the location's rewrite program, by step; empty for steps without one.
  std::vector<Regex> step_patterns;
};

LocationPlan make_plan(const config::Location& location);

}  // namespace baton::proxy
