// `return`: a status, a redirect, or a text, straight from the configuration.
#pragma once

#include "proxy/exchange.h"

namespace baton::proxy {

// The location has a `return`.
Verdict answer_return(Exchange& exchange);

}  // namespace baton::proxy
