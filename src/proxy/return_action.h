// `return`: a status, a redirect, or a text, straight from the configuration.
#pragma once

#include "config/model/rewrite.h"
#include "proxy/exchange.h"

namespace baton::proxy {

Verdict answer_return(Exchange& exchange, const config::ReturnStep& action);

}  // namespace baton::proxy
