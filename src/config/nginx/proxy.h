// proxy_pass and its family: a location that has a proxy_pass gets one ProxyPass with everything
// that was said about proxying around it.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// The sizes of buffers that one level sets must fit together, as in nginx; called when its
// settings have all been read.
void check_proxy_buffers(Reader& reader, const Level& level);

// Called when a location's settings have all been read; does nothing without a proxy_pass.
void finish_proxy(Reader& reader, Level& level);

}  // namespace baton::config::nginx
