// Addresses as nginx.conf writes them.

#include "config/nginx/endpoint.h"

#include <netdb.h>
#include <resolv.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace baton::config::nginx {

namespace {

constexpr int name_server_patience_s = 2;
constexpr std::chrono::seconds lookups_time_max{30};
constexpr std::size_t unix_path_max = sizeof(sockaddr_un::sun_path) - 1;

AddressText with_problem(std::string_view problem) {
  AddressText result;
  result.problem = problem;
  return result;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_unsigned(text, 65535);
  if (!port || *port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// "80", or "8000-8010" where ranges are allowed. Gives what is wrong with it, or nothing.
std::string_view take_ports(std::string_view text, AddressUse use, AddressText& into) {
  const std::size_t dash = use == AddressUse::listen ? text.find('-') : std::string_view::npos;
  into.port = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? into.port : parse_port(text.substr(dash + 1));
  if (!into.port || !last) return "invalid port";
  if (*last < *into.port) return "invalid port range";
  into.last_port = *last;
  return {};
}

AddressText parse_unix(std::string_view text, AddressUse use) {
  AddressText result;
  std::string_view path = text.substr(5);
  if (use == AddressUse::proxy_pass) {
    if (const std::size_t colon = path.find(':'); colon != std::string_view::npos) {
      result.uri = path.substr(colon + 1);
      path = path.substr(0, colon);
    }
  }
  if (path.empty()) return with_problem("no path in the unix domain socket");
  if (path.size() > unix_path_max) return with_problem("too long path in the unix domain socket");
  result.unix_path = path;
  return result;
}

AddressText parse_ipv6(std::string_view text, AddressUse use) {
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos) return with_problem("invalid host");
  AddressText result;
  result.host = text.substr(0, bracket + 1);
  std::string_view rest = text.substr(bracket + 1);
  result.address = net::IpAddress::parse(text.substr(1, bracket - 1));
  if (!result.address || result.address->is_ipv4()) return with_problem("invalid IPv6 address");
  if (rest.empty()) return result;
  if (rest[0] != ':') return with_problem("invalid host");
  if (const auto wrong = take_ports(rest.substr(1), use, result); !wrong.empty())
    return with_problem(wrong);
  return result;
}

// "80" or "8000-8010".
bool is_port_or_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto is_number = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return is_digit(c); });
  };
  return is_number(text.substr(0, dash)) &&
         (dash == std::string_view::npos || is_number(text.substr(dash + 1)));
}

AddressText parse_internet(std::string_view text, AddressUse use) {
  AddressText result;
  if (use == AddressUse::listen && text.find('/') != std::string_view::npos) {
    return with_problem("invalid host");
  }
  const std::size_t colon = text.find(':');
  // "listen 80" names a port; anywhere else a number is a host.
  if (colon == std::string_view::npos && use == AddressUse::listen && !text.empty() &&
      is_port_or_range(text)) {
    if (const auto wrong = take_ports(text, use, result); !wrong.empty())
      return with_problem(wrong);
    result.host = "*";
    return result;
  }
  result.host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view wrong = take_ports(text.substr(colon + 1), use, result);
    if (!wrong.empty()) return with_problem(wrong);
  }
  if (result.host.empty()) return with_problem("no host");
  result.address = net::IpAddress::parse(result.host);
  return result;
}

}  // namespace

AddressText parse_address(std::string_view text, AddressUse use) {
  if (text.starts_with("unix:")) return parse_unix(text, use);
  std::string_view uri;
  if (use == AddressUse::proxy_pass) {
    if (const std::size_t end = text.find_first_of("/?"); end != std::string_view::npos) {
      uri = text.substr(end);
      text = text.substr(0, end);
    }
  }
  AddressText result = text.starts_with('[') ? parse_ipv6(text, use) : parse_internet(text, use);
  result.uri = uri;
  return result;
}

const std::vector<net::IpAddress>& HostLookup::find(const std::string& host) {
  const auto [place, is_new] = known_.try_emplace(host);
  std::vector<net::IpAddress>& addresses = place->second;
  if (!is_new) return addresses;
  if (options_.resolve) {
    addresses = options_.resolve(host);
    return addresses;
  }
  if (spent_ >= lookups_time_max) return addresses;
  const auto began = std::chrono::steady_clock::now();
  // What the C library keeps of resolv.conf for this thread: read anew, then made impatient.
  if (spent_ == std::chrono::nanoseconds::zero() && ::res_init() == 0) {
    _res.retrans = name_server_patience_s;
    _res.retry = 1;
  }
  ask_system(host, addresses);
  spent_ += std::chrono::steady_clock::now() - began;
  return addresses;
}

void HostLookup::ask_system(const std::string& host, std::vector<net::IpAddress>& addresses) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const bool ipv4 : {true, false}) {
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
      const auto endpoint = net::Endpoint::from_sockaddr(entry->ai_addr);
      if (!endpoint || endpoint->address.is_ipv4() != ipv4) continue;
      if (std::ranges::find(addresses, endpoint->address) != addresses.end()) continue;
      addresses.push_back(endpoint->address);
    }
  }
}

}  // namespace baton::config::nginx
