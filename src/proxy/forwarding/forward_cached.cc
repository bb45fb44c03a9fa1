// Around forward().

#include "proxy/forwarding/forward_cached.h"

#include <fmt/format.h>

#include "cache/keeper.h"
#include "proxy/filters/subrequest.h"
#include "proxy/forwarding/cached_request.h"
#include "proxy/forwarding/forward.h"
#include "proxy/forwarding/passed_upstream.h"
#include "proxy/forwarding/upstream_request.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

bool is_cached_method(const Request& request, const config::CacheSettings& settings) {
  const http::Method method = request.head.method;
  return method == http::Method::get || method == http::Method::head ||
         (settings.methods >> static_cast<unsigned>(method) & 1) != 0;
}

struct Zone {
  cache::Cache* cache = nullptr;  // null: no caching
  bool unknown = false;           // a variable named a zone that does not exist
};

Zone find_zone(Exchange& exchange, const config::CacheSettings& settings) {
  cache::Caches& caches = *exchange.services.caches;
  if (settings.zone) return {&caches[settings.zone->index], false};
  std::string name;
  append_text(name, *settings.zone_name, exchange.request);
  if (name.empty() || name == "off") return {};
  cache::Cache* const cache = caches.find(name);
  if (!cache) {
    exchange.services.error_log.write(LogLevel::error, exchange.request,
                                      fmt::format("cache \"{}\" not found", name));
  }
  return {cache, cache == nullptr};
}

// proxy_cache_key, or the URL that is asked for upstream.
std::string_view make_key(Exchange& exchange, const LocationPlan& plan,
                          const config::CacheSettings& settings) {
  Request& request = exchange.request;
  std::string& text = exchange.upstream_request;  // not used yet
  text.clear();
  if (settings.key) {
    append_text(text, *settings.key, request);
  } else {
    text.append("http://");
    text.append(request.passed ? request.passed->host_header : plan.location->proxy->host_header);
    append_upstream_uri(text, request, *plan.location->proxy);
  }
  request.cache.key = request.arena.store(text);
  return request.cache.key;
}

// Fetches beside the request that was answered with a stale entry.
runtime::Task<void> update_beside(Exchange& main, cache::Cache& cache, std::string_view key) {
  DiscardingSink sink;
  Subrequest::Spec spec;
  spec.uri = main.request.uri;
  spec.args = main.request.args;
  spec.keeps_method = true;
  spec.beside = true;
  Subrequest subrequest(main, spec, sink);
  Exchange& exchange = subrequest.exchange();
  Request& request = exchange.request;
  // The same place of the configuration: it was routed, and perhaps rewritten, already.
  request.uri = main.request.uri;
  request.args = main.request.args;
  request.uri_changed = main.request.uri_changed;
  request.captures = main.request.captures;
  request.client = &exchange.info;
  const LocationPlan& plan = exchange.services.router.plan(request);
  CachedRequest cached(exchange, plan, cache, key, CachedRequest::Place::background);
  const CachedRequest::Found found = co_await cached.look_up();
  if (found != CachedRequest::Found::fetch) co_return;
  exchange.cached = &cached;
  const Verdict verdict = co_await forward(exchange);
  exchange.cached = nullptr;
  const Verdict concluded = cached.conclude(verdict);
  if (concluded.kind == Verdict::Kind::error) request.response.status = concluded.status;
  if (request.location->log_subrequest) exchange.services.log_request(exchange);
}

}  // namespace

runtime::Task<Verdict> forward_cached(Exchange& exchange) {
  const LocationPlan& plan = exchange.services.router.plan(exchange.request);
  const config::CacheSettings& settings = *plan.location->cache;
  exchange.request.cache = {};
  if (!is_cached_method(exchange.request, settings)) co_return co_await forward(exchange);
  const Zone zone = find_zone(exchange, settings);
  if (zone.unknown) co_return Verdict::error(500);
  if (!zone.cache) co_return co_await forward(exchange);
  exchange.request.passed = nullptr;
  if (plan.location->proxy->url) {
    const Verdict read = read_passed_url(exchange, *plan.location->proxy);
    if (read.kind != Verdict::Kind::proceed) co_return read;
  }
  const std::string_view key = make_key(exchange, plan, settings);
  CachedRequest cached(exchange, plan, *zone.cache, key, CachedRequest::Place::foreground);
  const CachedRequest::Found found = co_await cached.look_up();
  if (found == CachedRequest::Found::error) co_return Verdict::error(cached.error_status());
  if (found == CachedRequest::Found::answer) {
    if (cached.wants_background_update()) {
      cached.hand_over_update();
      exchange.background.spawn(update_beside(exchange, *zone.cache, key));
    }
    co_return cached.serve();
  }
  exchange.cached = &cached;
  const Verdict verdict = co_await forward(exchange);
  exchange.cached = nullptr;
  co_return cached.conclude(verdict);
}

}  // namespace baton::proxy
