// Behind trusted proxies the client is whom they name (ngx_http_realip_module): everything after
// this step, logs and limits included, sees that address.
#pragma once

#include "proxy/request.h"

namespace baton::proxy {

// Once a request; the settings are those of request.location.
void apply_real_ip(Request& request);

}  // namespace baton::proxy
