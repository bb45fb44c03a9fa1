// $invalid_referer: whether the Referer line names one of the sites that valid_referers lists.
#pragma once

#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "config/model/proxy.h"
#include "config/model/referer.h"
#include "proxy/routing/regex.h"

namespace baton::proxy {

// The lists of all locations, made once for a configuration.
class Referers {
 public:
  explicit Referers(const config::Proxy& proxy);
  // True when valid_referers of request.location has nothing against the request, or there is none.
  [[nodiscard]] bool accept(const Request& request) const;

 private:
  struct List {
    config::RefererSettings settings;  // server names put in
    std::vector<Regex> patterns;       // for name and path
    std::vector<Regex> name_patterns;  // of the server's names, for the name alone
  };
  using Key = std::pair<const config::RefererSettings*, const config::Server*>;
  static List make_list(const config::RefererSettings& settings, const config::Server& server);
  static bool accept_site(const List& list, std::string_view site);

  std::map<Key, List> lists_;
};

}  // namespace baton::proxy
