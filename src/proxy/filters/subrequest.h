// A request that a request makes inside: auth_request asks another location for permission, SSI
// includes a page, mirror and the cache's background update repeat a request on the side. It has an
// exchange of its own, goes through the same phases (journey.h: find_answer), sees the main
// request's header lines, and its response goes to a sink instead of to the client.
//
// A subrequest that is awaited runs in the main request's place and watches the client for it; one
// that runs beside it is spawned into Exchange::background, which the main request joins before
// the connection goes on, because the subrequest's views point into the main request's buffers.
#pragma once

#include <memory>
#include <string_view>

#include "proxy/exchange.h"
#include "proxy/response/response_sink.h"
#include "runtime/task.h"

namespace baton::proxy {

class Subrequest {
 public:
  struct Spec {
    std::string_view uri;       // decoded and normalised, or "@name"
    std::string_view args;      // without '?'
    bool keeps_method = false;  // as the main request; otherwise GET
    bool beside = false;        // runs beside the main request: must not watch the client
  };
  // `main` and what `spec` points to must outlive it; `sink` too.
  Subrequest(Exchange& main, const Spec& spec, ResponseSink& sink);
  Subrequest(const Subrequest&) = delete;
  Subrequest& operator=(const Subrequest&) = delete;
  ~Subrequest();

  // To the end of its response. Afterwards request() tells its status, headers, attempts. When
  // subrequests are nested too deep the status is 500.
  runtime::Task<void> run();
  // The configuration's variables belong to the client's request: leaves it the values that they
  // got here. Not while the main request goes on beside.
  void give_back_values();
  [[nodiscard]] Exchange& exchange() { return *exchange_; }
  [[nodiscard]] Request& request() { return exchange_->request; }

 private:
  Exchange& main_;
  Spec spec_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace baton::proxy
