// From an upstream server's response head to the client's: which lines are passed on, which are
// rewritten.
#pragma once

#include "proxy/exchange.h"

namespace baton::proxy {

// Fills request.response from exchange.upstream_head (whose text stays where it was read).
void take_upstream_head(Exchange& exchange, const LocationPlan& plan);

// The proxy_next_upstream condition (config::NextUpstream) that a response status stands for; 0
// when there is none.
std::uint32_t next_upstream_condition(std::uint16_t status);

}  // namespace baton::proxy
