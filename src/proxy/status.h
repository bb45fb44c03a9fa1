// What the proxy process tells about itself in a status_reply: a JSON object. The field names are
// a contract; new ones may be added, none renamed.
//
//   generation          number
//   threads             number
//   draining            true while the process finishes its last requests
//   connections         object:
//     open, idle        client connections now; idle: between two requests
//     accepted          ever, by this generation
//     adopted           idle ones taken over from the generation before
//     handed_over       idle ones given to the next generation
//   listeners           array, one object per `listen` address:
//     address           "0.0.0.0:80"
//     requests          number
//     responses         object "1xx" ... "5xx": number
//     bytes_sent, bytes_received
//   servers             array, one object per server block: name, and the same counters
//   upstreams           array, see upstream/status.h
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model/proxy.h"
#include "proxy/services.h"
#include "upstream/upstreams.h"

namespace baton::proxy {

struct StatusInputs {
  const config::Proxy* config = nullptr;
  const upstream::Upstreams* upstreams = nullptr;
  std::vector<const ThreadCounters*> threads;
  std::uint64_t generation = 0;
  bool draining = false;
  Instant now{};
};

std::string status_json(const StatusInputs& inputs);

}  // namespace baton::proxy
