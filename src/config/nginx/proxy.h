// proxy_pass and its family: a location that has a proxy_pass gets one ProxyPass with everything
// that was said about proxying around it.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Called when a location's settings have all been read; does nothing without a proxy_pass.
void finish_proxy(Reader& reader, Level& level);

}  // namespace baton::config::nginx
