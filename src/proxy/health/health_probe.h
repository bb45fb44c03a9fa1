// One health check of one server: connect, ask, judge the answer. A conversation of its own beside
// the requests of clients: no access log, no counters, no pooled connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/model/health_check.h"
#include "config/model/proxy.h"
#include "http/chunked.h"
#include "net/address.h"
#include "proxy/health/health_judge.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::proxy {

// What the checks of one `health_check` line have in common.
struct HealthProbePlan {
  const config::Proxy* config = nullptr;
  const config::Server* server = nullptr;
  const config::Location* location = nullptr;
  const config::HealthCheckRule* rule = nullptr;
  const HealthJudge* judge = nullptr;
};

// Where a check goes.
struct HealthProbeTarget {
  net::Endpoint endpoint;
  std::string unix_path;
};

// A connection kept from check to check (keepalive_time).
struct HealthConnection {
  std::unique_ptr<runtime::Stream> stream;
  Instant opened{};
};

struct HealthFinding {
  bool healthy = false;
  std::string problem;      // of the connection, in nginx's words; "" when the answer is at fault
  std::string_view action;  // what was being done: "checking status code"
};

class HealthProbe {
 public:
  // All outlive it. `kept` is used, and left open, if the plan says so.
  HealthProbe(runtime::Loop& loop, const HealthProbePlan& plan, HealthConnection& kept)
      : loop_(loop), plan_(plan), proxy_(*plan.location->proxy), kept_(kept) {}
  HealthProbe(const HealthProbe&) = delete;
  HealthProbe& operator=(const HealthProbe&) = delete;

  runtime::Task<void> run(const HealthProbeTarget& target, HealthFinding& finding);

 private:
  runtime::Task<bool> open(const HealthProbeTarget& target, HealthFinding& finding);
  runtime::Task<bool> converse(HealthFinding& finding);
  runtime::Task<bool> read_head(HealthFinding& finding);
  runtime::Task<bool> read_body(HealthFinding& finding);
  // False: the body is complete. `input` is what came behind the head, or later.
  bool take_body(std::span<char> input);
  void write_request();
  bool fail(HealthFinding& finding, const Error& error, std::string_view action);

  runtime::Loop& loop_;
  const HealthProbePlan& plan_;
  const config::ProxyPass& proxy_;
  HealthConnection& kept_;
  ClientInfo client_;
  Request request_;
  http::ResponseHead head_;
  std::string text_;  // of the request
  std::unique_ptr<char[]> buffer_;
  std::size_t received_ = 0;  // in buffer_
  std::string body_;
  std::uint64_t body_left_ = 0;
  http::ChunkedDecoder chunks_;
  bool reusable_ = false;
};

}  // namespace baton::proxy
