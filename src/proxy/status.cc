// Summing the threads' counters up as JSON.

#include "proxy/status.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "upstream/status.h"

namespace baton::proxy {

namespace {

using nlohmann::json;

// The counters that `pick` chooses of each thread, summed up, added to `into`.
template <typename Pick>
void add_counters(json& into, const StatusInputs& inputs, Pick pick) {
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t classes[5] = {};
  for (const ThreadCounters* thread : inputs.threads) {
    const RequestCounters& counters = pick(*thread);
    requests += counters.requests.load(std::memory_order_relaxed);
    sent += counters.bytes_sent.load(std::memory_order_relaxed);
    received += counters.bytes_received.load(std::memory_order_relaxed);
    for (int i = 0; i < 5; ++i) {
      classes[i] += counters.by_class[i].load(std::memory_order_relaxed);
    }
  }
  into["requests"] = requests;
  into["responses"] = {{"1xx", classes[0]},
                       {"2xx", classes[1]},
                       {"3xx", classes[2]},
                       {"4xx", classes[3]},
                       {"5xx", classes[4]}};
  into["bytes_sent"] = sent;
  into["bytes_received"] = received;
}

json connections(const StatusInputs& inputs) {
  std::uint64_t open = 0;
  std::uint64_t idle = 0;
  std::uint64_t accepted = 0;
  std::uint64_t adopted = 0;
  std::uint64_t handed_over = 0;
  for (const ThreadCounters* thread : inputs.threads) {
    open += thread->connections.load(std::memory_order_relaxed);
    idle += thread->idle_connections.load(std::memory_order_relaxed);
    accepted += thread->accepted.load(std::memory_order_relaxed);
    adopted += thread->adopted.load(std::memory_order_relaxed);
    handed_over += thread->handed_over.load(std::memory_order_relaxed);
  }
  return {{"open", open},
          {"idle", idle},
          {"accepted", accepted},
          {"adopted", adopted},
          {"handed_over", handed_over}};
}

}  // namespace

std::string status_json(const StatusInputs& inputs) {
  json status = {{"generation", inputs.generation}, {"threads", inputs.threads.size()},
                 {"draining", inputs.draining},     {"connections", connections(inputs)},
                 {"listeners", json::array()},      {"servers", json::array()}};
  for (std::size_t i = 0; i < inputs.config->listeners.size(); ++i) {
    json listener = {{"address", inputs.config->listeners[i].address.text()}};
    add_counters(listener, inputs, [i](const ThreadCounters& thread) -> const RequestCounters& {
      return thread.listeners[i];
    });
    status["listeners"].push_back(std::move(listener));
  }
  for (std::size_t i = 0; i < inputs.config->servers.size(); ++i) {
    json server = {{"name", inputs.config->servers[i].primary_name}};
    add_counters(server, inputs, [i](const ThreadCounters& thread) -> const RequestCounters& {
      return thread.servers[i];
    });
    status["servers"].push_back(std::move(server));
  }
  status["upstreams"] = upstream::status(*inputs.upstreams, inputs.now);
  return json_text(status);
}

}  // namespace baton::proxy
