// Reads one nginx.conf as `nginx -t` does and says what it thinks of it: for comparing verdicts
// and messages with nginx's own (ngx_verdicts.py). Exit code 0: it can be used.
//
//     ngx_check FILE [PREFIX]

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "config/nginx/load.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: ngx_check FILE [PREFIX]\n", stderr);
    return 2;
  }
  baton::config::SourceTree sources = baton::config::SourceTree::from_disk();
  baton::config::Diagnostics diagnostics;
  baton::config::nginx::LoadOptions options;
  options.path = argv[1];
  if (argc > 2) options.prefix = argv[2];
  const auto start = std::chrono::steady_clock::now();
  const auto proxy = baton::config::nginx::load(sources, options, diagnostics);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  for (const auto& diagnostic : diagnostics.all()) {
    std::fputs(baton::config::render(diagnostic, sources).c_str(), stdout);
  }
  fmt::print("{} in {:.3f} s: {} servers, {} upstreams, {} listeners\n", proxy ? "ok" : "failed",
             seconds.count(), proxy ? proxy->servers.size() : 0,
             proxy ? proxy->upstreams.size() : 0, proxy ? proxy->listeners.size() : 0);
  return proxy ? 0 : 1;
}
