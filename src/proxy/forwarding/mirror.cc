// Repeating requests.

#include "proxy/forwarding/mirror.h"

#include <memory>
#include <string_view>

#include "config/model/mirror.h"
#include "proxy/client/body_storage.h"
#include "proxy/client/stored_body.h"
#include "proxy/filters/subrequest.h"

namespace baton::proxy {

namespace {

runtime::Task<void> mirror_to(Exchange& exchange, std::string_view uri,
                              std::shared_ptr<StoredBody> body) {
  DiscardingSink sink;
  Subrequest::Spec spec;
  spec.uri = uri;
  spec.args = exchange.request.args;
  spec.keeps_method = true;
  spec.beside = true;
  Subrequest copy(exchange, spec, sink);
  copy.request().stored_body = std::move(body);
  co_await copy.run();
}

// The body for the copies, which share it; nullptr when there is none.
std::shared_ptr<StoredBody> shared_body(const Request& request) {
  if (request.stored_body) return request.stored_body;
  if (request.early_body.empty()) return nullptr;
  auto body = std::make_shared<StoredBody>();
  body->memory = request.early_body;
  body->size = request.early_body.size();
  return body;
}

}  // namespace

runtime::Task<Verdict> start_mirrors(Exchange& exchange) {
  const config::MirrorSettings& settings = *exchange.request.location->mirror;
  // A copy is not copied again.
  if (exchange.parent || settings.uris.empty()) co_return Verdict::proceed();
  std::shared_ptr<StoredBody> body;
  if (settings.with_body) {
    const Verdict stored = co_await store_body(exchange);
    if (stored.kind != Verdict::Kind::proceed) co_return stored;
    body = shared_body(exchange.request);
  }
  for (const std::string& uri : settings.uris) {
    exchange.background.spawn(mirror_to(exchange, uri, body));
  }
  co_return Verdict::proceed();
}

}  // namespace baton::proxy
