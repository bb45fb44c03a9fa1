// The URL of a proxy_pass with variables, as one request made it (passed_upstream.h).
#pragma once

#include <string_view>

namespace baton::proxy {

// What the text was, in the request's arena.
struct PassedUrl {
  std::string_view host_header;  // $proxy_host
  std::string_view port;         // $proxy_port; empty for a unix socket
  std::string_view uri;          // sent as it is; empty: the request's own
};

}  // namespace baton::proxy
