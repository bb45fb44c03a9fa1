// How a group of servers chooses one for a request: nginx's balancing methods, and what binds a
// session to a server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/template_text.h"

namespace baton::config {

enum class Balance : std::uint8_t {
  round_robin,
  least_conn,
  least_time,
  ip_hash,
  hash,
  hash_consistent,
  random
};

// Which of a server's times least_time compares.
enum class LeastTime : std::uint8_t { header, last_byte };

// `sticky`: requests of one session go to one server while it can serve them.
struct Sticky {
  enum class Method : std::uint8_t { cookie, route, learn } method = Method::cookie;

  // cookie: a cookie of the proxy's own names the server by its route.
  std::string cookie_name;
  std::optional<Duration> expires;  // absent: with the browser's session
  bool expires_max = false;         // in 2037
  TemplateText domain;
  std::string path;
  bool http_only = false;
  bool secure = false;
  TemplateText same_site;  // "strict", "lax", "none", or variables; empty: no attribute

  // The first of these that is not empty names the server (cookie, route) or the session (learn).
  std::vector<TemplateText> lookup;

  // learn: sessions that a server began, remembered in a zone.
  std::vector<TemplateText> create;
  std::string zone;
  std::uint64_t zone_bytes = 0;
  Duration timeout = 10min;
  bool on_header = false;  // create when the response's head is there, not at its end
};

}  // namespace baton::config
