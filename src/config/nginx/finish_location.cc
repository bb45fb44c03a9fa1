// The end of a location.

#include "config/nginx/finish_location.h"

#include "config/nginx/fastcgi.h"
#include "config/nginx/proxy.h"

namespace baton::config::nginx {

void finish_location(Reader& reader, Level& level) {
  check_proxy_buffers(reader, level);
  if (level.location.fastcgi_pass) return finish_fastcgi(reader, level);
  finish_proxy(reader, level);
}

void inherit_handler(const Location& outer, Location& inner) {
  if (inner.proxy || inner.fastcgi_pass || inner.stub_status || inner.empty_gif) return;
  inner.proxy = outer.proxy;
  inner.fastcgi_pass = outer.fastcgi_pass;
  inner.stub_status = outer.stub_status;
  inner.empty_gif = outer.empty_gif;
}

}  // namespace baton::config::nginx
