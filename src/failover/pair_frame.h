// How messages lie in the stream of a pair link, and the first of them. Pure: bytes in, values out.
//
//   frame   length of the body (4 bytes), type (2), body; numbers in network order
//   hello   body of the first frame on every connection: see PairHello
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::failover {

// What is said over the link. Numbers are for ever: two nodes may run different versions, and who
// does not know a type skips it.
enum class PairMessage : std::uint16_t {
  hello = 1,  // PairHello; the link's own
  use = 2,    // this connection is the one; the link's own
  alive = 3,  // nothing to say; the link's own
  // Handover (failover/handover_messages.h).
  handover_offer = 16,
  handover_flows = 17,
  handover_ready = 18,
  handover_refused = 19,
  handover_taken = 20,
  handover_done = 21,
  pass_request = 22,
  pass_reply = 23,
  // Comparing configurations, the other node's status (guard).
  node_summary = 64,
  status_request = 65,
  status_reply = 66,
};

inline constexpr std::size_t pair_body_max = std::size_t{256} * 1024;

struct PairFrame {
  PairMessage type{};
  std::string body;
};

std::string encode_frame(PairMessage type, std::string_view body);

// Cuts a stream into frames.
class PairFrameReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame; nothing: more bytes are needed. too_large when a body exceeds
  // `body_max`: the stream is then of no use any more.
  Result<std::optional<PairFrame>> next(std::size_t body_max = pair_body_max);

 private:
  std::string buffer_;
};

// Who is at the other end.
struct PairHello {
  static constexpr unsigned version_now = 1;
  unsigned version = version_now;
  std::uint64_t run = 0;  // a random number of this run of the process
  bool linked = false;    // the sender has a link to this peer that it believes in
  std::string name;       // router_id

  [[nodiscard]] std::string encode() const;
  static std::optional<PairHello> decode(std::string_view body);
};

// Both nodes dial. Which connection is used is for the node with the lower run to say, so that no
// two messages ever travel on two ways.
enum class PairVerdict : std::uint8_t {
  is_self,  // we talk to ourselves: refuse
  wait,     // the other one says `use`, or closes
  use,      // say `use`, and drop what was in use before
  close,    // there is a better one
};

struct PairPresent {
  std::uint64_t run = 0;  // of the other end
  bool is_young = false;  // chosen a moment ago: the other end may not know yet
};

PairVerdict judge_hello(std::uint64_t own_run, const PairHello& theirs,
                        const std::optional<PairPresent>& present);

}  // namespace baton::failover
