// How often and how fast: limit_req, limit_conn, limit_rate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/model/template_text.h"

namespace baton::config {

// limit_req_zone or limit_conn_zone: a table of states by key, of a fixed size.
struct LimitZone {
  enum class Kind : std::uint8_t { unknown, requests, connections } kind = Kind::unknown;
  std::string name;
  TemplateText key;
  std::size_t size_bytes = 0;  // 0: named by a limit, defined nowhere
  // Thousandths of a request per second; of Kind::requests.
  std::uint64_t rate_milli = 1000;
};

struct RequestLimit {
  std::uint32_t zone = 0;  // index into Proxy::limit_zones
  // Thousandths of a request, as all that is counted.
  std::uint64_t burst_milli = 0;
  std::uint64_t delay_milli = 0;  // up to here nobody waits; nodelay: as much as there can be
};

struct ConnectionLimit {
  std::uint32_t zone = 0;
  std::uint32_t connections = 0;
};

// What is done when a limit is met.
struct LimitReaction {
  std::uint16_t status = 503;
  LogLevel level = LogLevel::error;
  bool dry_run = false;
};

// Bytes, said at once or by a variable.
struct ByteAmount {
  std::uint64_t bytes = 0;
  std::optional<TemplateText> text;  // with variables; `bytes` is not used then
};

struct LimitSettings {
  std::vector<RequestLimit> requests;
  LimitReaction request_reaction;
  std::vector<ConnectionLimit> connections;
  LimitReaction connection_reaction;
  ByteAmount rate;  // limit_rate; 0: none
  ByteAmount rate_after;
};

}  // namespace baton::config
