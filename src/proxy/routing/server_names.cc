// Looking up server names.

#include "proxy/routing/server_names.h"

#include "proxy/variables/defined_variables.h"

namespace baton::proxy {

ServerNames::ServerNames(const config::Proxy& proxy, const config::Listener& listener,
                         const DefinedVariables* variables)
    : default_server_(listener.default_server) {
  for (const std::uint32_t server : listener.servers) {
    for (const config::ServerName& name : proxy.servers[server].names) add(name, server, variables);
  }
  only_default_ = listener.servers.size() <= 1 && patterns_.empty();
}

void ServerNames::add(const config::ServerName& name, std::uint32_t server,
                      const DefinedVariables* variables) {
  switch (name.kind) {
    case config::ServerName::Kind::exact:
      exact_.emplace(name.text, server);
      break;
    case config::ServerName::Kind::leading_wildcard:
      leading_.emplace(name.text, server);
      break;
    case config::ServerName::Kind::trailing_wildcard:
      trailing_.emplace(name.text, server);
      break;
    case config::ServerName::Kind::regex:
      if (auto regex =
              variables ? variables->compile(name.text, true) : Regex::compile(name.text, true)) {
        patterns_.push_back({std::move(*regex), server});
      }
      break;
  }
}

std::uint32_t ServerNames::find(std::string_view host, std::vector<Capture>& captures) const {
  if (only_default_) return default_server_;
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  if (!leading_.empty()) {
    // From the longest suffix to the shortest: behind each dot.
    for (std::size_t dot = host.find('.'); dot != std::string_view::npos;
         dot = host.find('.', dot + 1)) {
      const auto found = leading_.find(host.substr(dot + 1));
      if (found != leading_.end()) return found->second;
    }
  }
  if (!trailing_.empty()) {
    for (std::size_t dot = host.rfind('.'); dot != std::string_view::npos && dot > 0;
         dot = host.rfind('.', dot - 1)) {
      const auto found = trailing_.find(host.substr(0, dot));
      if (found != trailing_.end()) return found->second;
    }
  }
  if (!host.empty()) {
    for (const Pattern& pattern : patterns_) {
      if (pattern.regex.match(host, captures)) return pattern.server;
    }
  }
  return default_server_;
}

}  // namespace baton::proxy
