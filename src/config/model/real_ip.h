// The client's address behind trusted proxies (ngx_http_realip_module).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/address.h"

namespace baton::config {

struct RealIpSettings {
  std::vector<net::Prefix> trusted;  // set_real_ip_from
  bool trusts_unix = false;          // set_real_ip_from unix:
  enum class Source : std::uint8_t { x_forwarded_for, header, proxy_protocol };
  Source source = Source::header;
  std::string header = "x-real-ip";  // lower case
  bool recursive = false;
};

}  // namespace baton::config
