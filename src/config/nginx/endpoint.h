// Addresses as nginx.conf writes them: "80", "*:80", "1.2.3.4:80", "[::1]:80", "name:80",
// "unix:/path", each with a URI behind it where one is meant (proxy_pass).
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/nginx/options.h"
#include "net/address.h"

namespace baton::config::nginx {

struct AddressText {
  std::string host;                       // without port; an IPv6 address keeps its brackets
  std::optional<net::IpAddress> address;  // when the host is one
  std::optional<std::uint16_t> port;
  std::uint16_t last_port = 0;  // of a range "8000-8010" in `listen`; otherwise as port
  std::string unix_path;
  std::string uri;      // from the first "/" or "?"; only when asked for
  std::string problem;  // in nginx's words; the rest is empty then
};

enum class AddressUse : std::uint8_t { listen, upstream, proxy_pass };

AddressText parse_address(std::string_view text, AddressUse use);

// The addresses of a host name, IPv4 first; empty when there are none. Silent name servers must not
// hold up a start or a reload for long: each is asked once and given two seconds, and once all
// names together have taken half a minute, the rest are taken for unknown.
class HostLookup {
 public:
  explicit HostLookup(const LoadOptions& options) : options_(options) {}
  const std::vector<net::IpAddress>& find(const std::string& host);

 private:
  void ask_system(const std::string& host, std::vector<net::IpAddress>& addresses);

  const LoadOptions& options_;
  std::map<std::string, std::vector<net::IpAddress>> known_;
  std::chrono::nanoseconds spent_{};
};

}  // namespace baton::config::nginx
