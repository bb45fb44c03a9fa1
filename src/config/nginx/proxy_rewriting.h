// Directives about the connection to an upstream server that HTTP and FastCGI have alike
// (proxy_bind and fastcgi_bind, ...): read into the rules of either family.
#pragma once

#include <optional>

#include "config/model/proxy_rules.h"
#include "config/nginx/reader.h"

namespace baton::config::nginx {

void read_bind(Reader& reader, const Directive& directive, ProxyRules& rules);
void read_read_rate(Reader& reader, const Directive& directive, ProxyRules& rules);
void read_ignored_headers(Reader& reader, const Directive& directive, ProxyRules& rules);
void read_socket_buffer(Reader& reader, const Directive& directive, std::optional<int>& bytes);

}  // namespace baton::config::nginx
