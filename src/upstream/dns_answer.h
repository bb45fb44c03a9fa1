// Answers of the domain name system as values: bytes in, addresses or service records out, with
// the time for which they hold. Pure; c-ares does the asking (upstream/resolver.h) and has matched
// the answer to its question.
//
// RFC 1035 section 4 (messages, names and their compression), RFC 3596 (AAAA), RFC 2782 (SRV),
// RFC 2308 section 5 (how long "no such name" holds: the SOA record's ttl and minimum).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace baton::upstream {

enum class DnsType : std::uint16_t { a = 1, aaaa = 28, srv = 33 };

// How a name was resolved. Up to `refused` the numbers are the protocol's response codes; they are
// printed in log lines, "(3: Host not found)".
enum class DnsStatus : std::uint8_t {
  found = 0,
  format_error = 1,
  server_failure = 2,
  not_found = 3,
  not_implemented = 4,
  refused = 5,
  timed_out = 110,
  cancelled = 125,  // we are shutting down
};

// nginx's words: "Host not found".
const char* describe(DnsStatus status);

// One SRV record.
struct ServiceRecord {
  std::uint16_t priority = 0;  // the lowest is asked first
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string target;  // lower case, without a dot at its end
  friend bool operator==(const ServiceRecord&, const ServiceRecord&) = default;
};

struct DnsAnswer {
  DnsStatus status = DnsStatus::server_failure;
  std::vector<net::IpAddress> addresses;
  std::vector<ServiceRecord> services;
  // Set when the answer ends in an alias whose addresses it does not hold: ask for that name.
  std::string alias;
  // How long the answer holds: the least of its records'. Of a negative one absent when the server
  // does not say.
  std::optional<Duration> time_to_live;
};

// Most records of one answer that are used.
inline constexpr std::size_t dns_records_max = 512;

// The records of `type` that `message` holds for the name in its question, aliases followed.
// Malformed messages are a server_failure; a name without such records is not_found.
DnsAnswer parse_dns_answer(std::span<const std::uint8_t> message, DnsType type);

}  // namespace baton::upstream
