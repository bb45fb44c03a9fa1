// Subrequests.

#include "proxy/filters/subrequest.h"

#include <string>

#include "config/model/template_text.h"
#include "proxy/routing/route.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

constexpr int depth_max = 50;

int depth_of(const Exchange& exchange) {
  int depth = 0;
  for (const Exchange* outer = exchange.parent; outer; outer = outer->parent) ++depth;
  return depth;
}

}  // namespace

Subrequest::Subrequest(Exchange& main, const Spec& spec, ResponseSink& sink)
    : main_(main), spec_(spec), exchange_(main.services.exchanges->take()) {
  Exchange& exchange = *exchange_;
  exchange.begin_request();
  exchange.client = main.client;
  exchange.info = *main.request.client;
  exchange.client_text = exchange.info.client_text;
  exchange.info.client_text = exchange.client_text;
  exchange.parent = &main;
  exchange.sink = &sink;
  exchange.watches_client = main.watches_client && !spec.beside;
  exchange.continue_sent = true;
  Request& request = exchange.request;
  const Request& outer = main.request;
  request.head = outer.head;
  request.head.framing = {http::BodyKind::none, 0};
  if (!spec.keeps_method) {
    request.head.method = http::Method::get;
    request.head.method_name = "GET";
  }
  request.body_given_up = outer.body_given_up || !spec.keeps_method;
  request.host = outer.host;
  request.defined = outer.defined;  // variables that have a value keep it
  request.raw_path = outer.raw_path;
  request.raw_uri = outer.raw_uri;
  request.proxy = outer.proxy;
  request.server = outer.server;
  request.location = outer.location;
  request.captures = outer.captures;
  request.connected = outer.connected;
  std::string id;  // made here at the latest: one for all that belongs to the client's request
  append_variable(id, {config::Variable::request_id, {}, 0}, outer);
  request.request_id = outer.request_id;
  request.started = exchange.now();
  request.internal = request.subrequest = true;
  exchange.body.begin(request.head.framing, {}, 0);
}

Subrequest::~Subrequest() {
  main_.services.exchanges->give_back(std::move(exchange_));
}

runtime::Task<void> Subrequest::run() {
  Exchange& exchange = *exchange_;
  Request& request = exchange.request;
  if (depth_of(exchange) > depth_max) {
    exchange.services.error_log.write(LogLevel::error, request,
                                      "subrequests cycle while processing the request");
    request.response.status = 500;
    co_return;
  }
  const Verdict verdict =
      follow_redirect(request, exchange.services.router, Verdict::redirect(spec_.uri, spec_.args));
  co_await exchange.services.find_answer(exchange, verdict);
  if (request.location->log_subrequest) exchange.services.log_request(exchange);
}

void Subrequest::give_back_values() {
  const Request& request = exchange_->request;
  Request& outer = main_.request;
  for (std::size_t index = 0; index < outer.proxy->variables.size(); ++index) {
    const DefinedValues::Value value = request.defined.find(index);
    if (value.state != DefinedValues::State::known) continue;
    const DefinedValues::Value before = outer.defined.find(index);
    if (before.state == value.state && before.text == value.text) continue;
    outer.defined.assign(index, outer.arena.store(value.text));
  }
}

}  // namespace baton::proxy
