// `return`: a status, a redirect, or a text, straight from the configuration.
#pragma once

#include "config/model/rewrite.h"
#include "proxy/request.h"

namespace baton::proxy {

Verdict answer_return(Request& request, const config::ReturnStep& action);

}  // namespace baton::proxy
