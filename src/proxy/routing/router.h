// From a request head to the location that answers it. Built once per configuration, immutable,
// shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/model/proxy.h"
#include "proxy/request.h"
#include "proxy/routing/locations.h"
#include "proxy/routing/plan.h"
#include "proxy/routing/server_names.h"
#include "proxy/variables/defined_variables.h"

namespace baton::proxy {

class Router {
 public:
  // `proxy` outlives the router.
  explicit Router(const config::Proxy& proxy);

  // Fills in host, server, uri and args of a request that came in on listener `listener` (index
  // into config::Proxy::listeners). error(400) when the path cannot be normalised.
  Verdict choose_server(Request& request, std::uint32_t listener) const;
  // Fills in location from uri. error(301) with response.location set: the path lacks a slash.
  Verdict choose_location(Request& request) const;
  // Fills in the named location "@...", or gives false.
  bool choose_named(Request& request, std::string_view name) const;

  // The plan of the request's location.
  [[nodiscard]] const LocationPlan& plan(const Request& request) const;
  [[nodiscard]] const config::Proxy& config() const { return proxy_; }
  [[nodiscard]] const DefinedVariables& definitions() const { return definitions_; }

 private:
  struct ServerTables {
    Locations locations;
    std::vector<LocationPlan> plans;
  };
  void apply_method_limit(Request& request) const;

  const config::Proxy& proxy_;
  DefinedVariables definitions_;
  std::vector<ServerNames> names_;  // by listener
  std::vector<std::unique_ptr<ServerTables>> servers_;
};

// "http://host:port" + `path` for a Location line, or `path` alone with absolute_redirect off.
std::string_view absolute_location(Request& request, std::string_view path);

}  // namespace baton::proxy
