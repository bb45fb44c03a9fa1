// Networks as nginx.conf writes them: "10.0.0.0/8", "::1", with bits behind the prefix cleared.
#pragma once

#include <optional>

#include "config/nginx/reader.h"
#include "net/address.h"

namespace baton::config::nginx {

// The network in word `index`; a warning when it has low bits that mean nothing. nullopt: told.
std::optional<net::Prefix> parse_network(Reader& reader, const Directive& directive,
                                         std::size_t index);

// `prefix` without the bits behind its length; and the last address in it.
net::Prefix masked(const net::Prefix& prefix);
net::IpAddress last_address(const net::Prefix& network);

}  // namespace baton::config::nginx
