// Keys, addresses and sessions.

#include "proxy/forwarding/server_choice.h"

#include <fmt/format.h>

#include <string>

#include "base/text.h"
#include "http/date.h"
#include "proxy/variables/variables.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

using config::Balance;
using config::Sticky;

// The first text that is not empty.
std::string first_of(const std::vector<config::TemplateText>& texts, const Request& request) {
  std::string value;
  for (const config::TemplateText& text : texts) {
    append_text(value, text, request);
    if (!value.empty()) break;
  }
  return value;
}

// Of an IPv4 address its network, of an IPv6 address all of it.
std::span<const std::uint8_t> hashed_bytes(const net::IpAddress& address) {
  const auto bytes = address.bytes();
  return address.is_ipv4() ? bytes.first(3) : bytes;
}

// An attribute that comes from variables is one of the three that browsers know.
std::string same_site_of(const Sticky& sticky, const Request& request) {
  std::string value;
  append_text(value, sticky.same_site, request);
  if (value.empty() || sticky.same_site.is_literal()) return value;
  for (const std::string_view known : {"strict", "lax", "none"}) {
    if (equals_ignoring_case(value, known)) return value;
  }
  return "strict";
}

// "Thu, 31-Dec-37 23:55:55 GMT", the form of dates in the first cookies.
void append_cookie_date(std::string& into, WallTime time) {
  const http::DateText text = http::format_date(time);  // "Thu, 31 Dec 2037 23:55:55 GMT"
  const std::string_view date = text.view();
  into += date.substr(0, 7);
  into += '-';
  into += date.substr(8, 3);
  into += '-';
  // Years beyond 2037 are written in full: two digits would be taken for the past.
  into += date.substr(12, 4) > "2037" ? date.substr(12, 4) : date.substr(14, 2);
  into += date.substr(16);
}

void add_session_cookie(Exchange& exchange, const Sticky& sticky, const upstream::Peer& peer) {
  Request& request = exchange.request;
  std::string line = fmt::format("{}={}", sticky.cookie_name, peer.route);
  if (sticky.expires_max) {
    line += "; expires=Thu, 31-Dec-37 23:55:55 GMT";
  } else if (sticky.expires) {
    line += "; expires=";
    append_cookie_date(line, runtime::wall_now() + *sticky.expires);
    line += fmt::format("; max-age={}", *sticky.expires / 1s);
  }
  std::string domain;
  append_text(domain, sticky.domain, request);
  if (!domain.empty()) line += "; domain=" + domain;
  if (sticky.http_only) line += "; httponly";
  if (sticky.secure) line += "; secure";
  const std::string same_site = same_site_of(sticky, request);
  if (!same_site.empty()) line += "; samesite=" + same_site;
  if (!sticky.path.empty()) line += "; path=" + sticky.path;
  auto& headers = request.response.headers;
  headers.insert(headers.begin(), {"Set-Cookie", request.arena.store(line)});
}

// A session that this response begins, or that its request belongs to.
void learn_session(Exchange& exchange, const Sticky& sticky, const upstream::Peer& peer) {
  upstream::Sessions* const sessions =
      exchange.services.upstreams.sessions(exchange.upstream_group);
  if (!sessions) return;
  std::string session = first_of(sticky.create, exchange.request);
  const bool create = !session.empty();
  if (!create) session = first_of(sticky.lookup, exchange.request);
  if (session.empty()) return;
  sessions->bind(session, upstream::route_mark(peer.route), create, exchange.now());
}

}  // namespace

void prepare_search(Exchange& exchange, const upstream::Group& group, upstream::Search& search) {
  const config::UpstreamGroup& rule = group.config();
  Request& request = exchange.request;
  if (rule.balance == Balance::hash || rule.balance == Balance::hash_consistent) {
    std::string key;
    append_text(key, rule.hash_key, request);
    search.key = request.arena.store(key);
  } else if (rule.balance == Balance::ip_hash) {
    search.client = hashed_bytes(request.client->client.address);
  }
  if (!rule.sticky) return;
  const std::string session = first_of(rule.sticky->lookup, request);
  if (session.empty()) return;
  upstream::Sessions* const sessions =
      exchange.services.upstreams.sessions(exchange.upstream_group);
  search.bound = sessions ? group.find_mark(sessions->find(session, exchange.now()))
                          : group.find_route(session);
}

void bind_session(Exchange& exchange, const upstream::Group& group, const upstream::Peer& peer,
                  SessionMoment moment) {
  const Sticky& sticky = *group.config().sticky;
  if (sticky.method == Sticky::Method::cookie && moment == SessionMoment::head) {
    add_session_cookie(exchange, sticky, peer);
  }
  if (sticky.method == Sticky::Method::learn &&
      sticky.on_header == (moment == SessionMoment::head)) {
    learn_session(exchange, sticky, peer);
  }
}

}  // namespace baton::proxy
