// One request on its way through the proxy, with the memory that it needs: taken from the thread
// when a client's bytes arrive, used for all requests that follow at once, given back when the
// connection idles. The steps (request_head, router, forward, responder, ...) are functions over
// it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/head_parser.h"
#include "proxy/access/limit_zones.h"
#include "proxy/client/client.h"
#include "proxy/client/pacer.h"
#include "proxy/client/request_body.h"
#include "proxy/forwarding/passed_url.h"
#include "proxy/request.h"
#include "proxy/services.h"
#include "runtime/task.h"

namespace baton::proxy {

class CachedRequest;
class Page;
class ResponseSink;
struct SsiState;

struct Exchange {
  explicit Exchange(Services& thread_services) : services(thread_services) {
    request.definitions = &services.router.definitions();
    request.error_log = &services.error_log;
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Services& services;
  Client* client = nullptr;
  ClientInfo info;
  std::string client_text;
  Request request;

  // The request head and what came with it: buffer[0, received). It stays until the log line.
  runtime::BufferPool::Buffer buffer;
  std::size_t received = 0;
  http::RequestParser parser;
  http::Refusal refusal;
  RequestBody body;
  // "100 Continue" was sent, or is not wanted.
  bool continue_sent = false;
  bool error_page_used = false;  // one per request
  bool silent = false;           // nothing is answered: the connection just ends

  Exchange* parent = nullptr;  // of a subrequest (subrequest.h): the exchange it belongs to
  // Who takes the body in place of the client: always set for a subrequest, for other requests
  // while a page (page.h) is put together. Whether this is a subrequest is for `parent` to say.
  ResponseSink* sink = nullptr;
  // False for a subrequest that runs beside others: the client's connection is not its to watch.
  bool watches_client = true;
  // Subrequests that run beside this request (mirror, background update).
  runtime::TaskScope background;
  HeldConnections held_connections;  // limit_conn

  // The response: how its body is framed towards the client, and the head's text.
  bool chunked = false;
  std::string head_text;
  std::optional<Pacer> pacer;           // limit_rate
  std::shared_ptr<Page> page;           // while the body is put together from several (page.h)
  std::shared_ptr<SsiState> ssi_state;  // variables of pages, for all subrequests

  // Proxying.
  std::uint32_t upstream_group = 0;   // the group that is asked, as ThreadUpstreams counts them
  upstream::GroupHold upstream_hold;  // ... held, where it may change
  PassedUrl passed_url;               // ... where proxy_pass has variables
  std::string upstream_request;       // head sent to the upstream server
  std::size_t upstream_uri_at = 0;    // where the URI stands in it, for the error log
  std::size_t upstream_uri_size = 0;
  std::size_t first_attempt = 0;  // of the present location, in request.attempts
  http::ResponseHead upstream_head;
  runtime::BufferPool::Buffer upstream_buffer;       // holds what upstream_head's views point into
  http::Method upstream_method = http::Method::get;  // what is asked of the upstream server
  CachedRequest* cached = nullptr;                   // while it is forwarded with proxy_cache
  std::shared_ptr<const void> cached_text;           // what views into a cached response need

  [[nodiscard]] runtime::Loop& loop() const { return services.loop; }
  [[nodiscard]] Instant now() const { return services.loop.now(); }
  // The client's request that this one belongs to, or itself.
  [[nodiscard]] Exchange& outermost() { return parent ? parent->outermost() : *this; }
  [[nodiscard]] std::span<char> buffered() const { return buffer.span().first(received); }

  // Ready for the client's next request; what is left in the buffer stays.
  void begin_request() {
    request.reset();
    request.client = &info;
    parser.restart();
    refusal = {};
    continue_sent = false;
    error_page_used = silent = false;
    chunked = false;
    pacer.reset();
    page.reset();
    ssi_state.reset();
    upstream_buffer.reset();
    cached_text.reset();
  }
};

// Exchanges of one thread that are not in use.
class ExchangePool {
 public:
  explicit ExchangePool(Services& services) : services_(services) {}

  std::unique_ptr<Exchange> take() {
    if (free_.empty()) return std::make_unique<Exchange>(services_);
    auto exchange = std::move(free_.back());
    free_.pop_back();
    return exchange;
  }
  void give_back(std::unique_ptr<Exchange> exchange) {
    exchange->cached_text.reset();
    exchange->page.reset();
    exchange->ssi_state.reset();
    exchange->request.reset();
    exchange->buffer.reset();
    exchange->upstream_buffer.reset();
    exchange->upstream_hold.reset();
    exchange->received = 0;
    exchange->parent = nullptr;
    exchange->sink = nullptr;
    exchange->watches_client = true;
    if (free_.size() < kept_max) free_.push_back(std::move(exchange));
  }

 private:
  static constexpr std::size_t kept_max = 256;
  Services& services_;
  std::vector<std::unique_ptr<Exchange>> free_;
};

}  // namespace baton::proxy
