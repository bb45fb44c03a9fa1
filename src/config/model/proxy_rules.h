// What proxy_* directives ask for beyond the plain: rewriting of redirects and cookies, a body or
// method of the configuration's own, the address to connect from, and the like. A ProxyPass points
// to it only where one of them is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/model/template_text.h"

namespace baton::config {

// One rule of proxy_redirect, proxy_cookie_domain or proxy_cookie_path.
struct Replacement {
  enum class Kind : std::uint8_t {
    text,           // `from`, with its variables
    regex,          // `pattern`
    regex_no_case,  // ... in any case
    standard        // proxy_redirect default
  } kind = Kind::text;
  TemplateText from;
  std::string pattern;
  TemplateText to;
};

// One rule of proxy_cookie_flags: `cookie` names the cookies, `flags` may hold variables.
struct CookieFlags {
  Replacement cookie;
  std::vector<TemplateText> flags;
};

// Headers of a response that baton is not to act upon (proxy_ignore_headers), a bit each.
enum IgnoredHeaders : std::uint32_t {
  ignore_accel_redirect = 1,
  ignore_accel_expires = 2,
  ignore_accel_limit_rate = 4,
  ignore_accel_buffering = 8,
  ignore_accel_charset = 16,
  ignore_expires_header = 32,
  ignore_cache_control_header = 64,
  ignore_set_cookie_header = 128,
  ignore_vary_header = 256,
};

struct ProxyRules {
  // proxy_redirect as written on the level; absent: the default alone. Empty: off.
  std::optional<std::vector<Replacement>> redirects;
  std::vector<Replacement> cookie_domains;
  std::vector<Replacement> cookie_paths;
  std::vector<CookieFlags> cookie_flags;
  std::uint32_t ignored_headers = 0;      // IgnoredHeaders
  std::optional<TemplateText> set_body;   // instead of the client's
  std::optional<TemplateText> method;     // instead of the client's
  std::optional<TemplateText> bind;       // address, or address:port, to connect from
  bool bind_transparent = false;          // ... which need not be ours
  std::optional<TemplateText> read_rate;  // proxy_limit_rate: bytes a second
  std::vector<TemplateText> early_hints;  // conditions under which a 103 is passed on
  bool pass_trailers = false;
  bool force_ranges = false;  // a range is cut here, whatever the server says of ranges
  bool socket_keepalive = false;
  std::optional<int> send_buffer_bytes;
  std::optional<int> receive_buffer_bytes;

  [[nodiscard]] bool ignores(IgnoredHeaders header) const {
    return (ignored_headers & header) != 0;
  }
};

}  // namespace baton::config
