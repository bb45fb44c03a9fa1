// The client's address as trusted proxies tell it: the last address of a list like
// X-Forwarded-For, if the connection comes from a trusted one; with `recursive` the last address
// that is not trusted itself.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "http/header_table.h"
#include "net/address.h"

namespace baton::proxy {

struct ForwardedAddress {
  net::IpAddress address;
  std::optional<std::uint16_t> port;  // when the list says one
  bool changed = false;
};

bool is_trusted(const net::IpAddress& address, std::span<const net::Prefix> trusted);

// From `address` through all lines of one header, the last line first.
ForwardedAddress forwarded_address(const net::IpAddress& address, const http::HeaderTable& headers,
                                   http::HeaderId header, std::span<const net::Prefix> trusted,
                                   bool recursive);
// The same through one list.
ForwardedAddress forwarded_address(const net::IpAddress& address, std::string_view list,
                                   std::span<const net::Prefix> trusted, bool recursive);

}  // namespace baton::proxy
