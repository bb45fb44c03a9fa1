// The chain of filters that one response wants.
#pragma once

#include <memory>
#include <vector>

#include "proxy/filters/body_filter.h"

namespace baton::proxy {

struct Exchange;

using BodyFilters = std::vector<std::unique_ptr<BodyFilter>>;

// The filters that exchange.request.response wants, first one first; mostly none. Changes the
// response's header lines for them, and drops content_length where the size becomes unknown.
BodyFilters make_body_filters(Exchange& exchange);

}  // namespace baton::proxy
