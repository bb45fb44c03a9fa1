// Working out location plans.

#include "proxy/routing/plan.h"

#include "base/text.h"

namespace baton::proxy {

void HeaderSet::add(std::string_view name) {
  const http::HeaderId id = http::find_header_id(name);
  if (id == http::HeaderId::unknown) {
    others_.insert(lowered(name));
  } else {
    known_.set(static_cast<std::size_t>(id));
  }
}

void HeaderSet::remove(std::string_view name) {
  const http::HeaderId id = http::find_header_id(name);
  if (id == http::HeaderId::unknown) {
    others_.erase(lowered(name));
  } else {
    known_.reset(static_cast<std::size_t>(id));
  }
}

bool HeaderSet::contains_other(std::string_view name) const {
  // Lower case without allocation: names longer than this are in no configuration.
  char lower[256];
  if (name.size() > sizeof lower) return false;
  for (std::size_t i = 0; i < name.size(); ++i) lower[i] = to_lower(name[i]);
  return others_.contains(std::string_view(lower, name.size()));
}

namespace {

void plan_request_headers(const config::ProxyPass& proxy, LocationPlan& plan) {
  // Host and the framing are always ours; Expect is answered by us.
  for (const auto* name : {"Host", "Connection", "Content-Length", "Transfer-Encoding", "TE",
                           "Keep-Alive", "Expect", "Upgrade"}) {
    plan.set_by_us.add(name);
  }
  for (const config::HeaderLine& line : proxy.set_headers) {
    plan.set_by_us.add(line.name);
    if (equals_ignoring_case(line.name, "Connection")) plan.sets_connection = true;
  }
}

void plan_response_headers(const config::ProxyPass& proxy, LocationPlan& plan) {
  for (const auto* name : {"Date", "Server", "X-Pad", "X-Accel-Expires", "X-Accel-Redirect",
                           "X-Accel-Limit-Rate", "X-Accel-Buffering", "X-Accel-Charset"}) {
    plan.hidden.add(name);
  }
  for (const std::string& name : proxy.hide_headers) plan.hidden.add(name);
  for (const std::string& name : proxy.pass_headers) {
    plan.hidden.remove(name);
    if (name == "server") plan.passes_server = true;
    if (name == "date") plan.passes_date = true;
  }
  // These are written by us, in their own places of the head.
  for (const auto* name : {"Content-Type", "Content-Length", "Transfer-Encoding", "Connection"}) {
    plan.hidden.add(name);
  }
}

}  // namespace

LocationPlan make_plan(const config::Location& location) {
  LocationPlan plan;
  plan.location = &location;
  if (!location.proxy) return plan;
  plan_request_headers(*location.proxy, plan);
  plan_response_headers(*location.proxy, plan);
  auto rewriter = std::make_shared<const ResponseRewriter>(*location.proxy, location);
  if (rewriter->rewrites_redirects() || rewriter->rewrites_cookies()) {
    plan.rewriter = std::move(rewriter);
  }
  return plan;
}

}  // namespace baton::proxy
