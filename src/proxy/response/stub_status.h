// stub_status: nginx's page of counters.
#pragma once

#include "proxy/exchange.h"

namespace baton::proxy {

Verdict answer_stub_status(Exchange& exchange);

}  // namespace baton::proxy
