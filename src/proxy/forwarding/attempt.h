// One attempt to get the response from one upstream server: connect (or take a pooled connection),
// send the request, read the response head, pass the response on. Nothing reaches the client until
// the response head is accepted, so until then a failure can be followed by another attempt.
//
// A request body that is large, or that is still coming in, goes up while the answer may already
// come down: both directions run side by side, and whichever ends the exchange wakes the other.
//
//   attempt.cc          the order of things: connect, converse, once more on a stale connection
//   attempt_request.cc  the request's body going up
//   attempt_head.cc     the response's head coming in
//   attempt_answer.cc   the response's body on its way to the client
#pragma once

#include <string>

#include "proxy/exchange.h"
#include "proxy/filters/body_filter.h"
#include "proxy/forwarding/server_attempt.h"
#include "runtime/task.h"

namespace baton::proxy {

class UpstreamBody;

class Attempt : public ServerAttempt {
 public:
  using ServerAttempt::ServerAttempt;

  runtime::Task<AttemptEnd> run();

 private:
  enum class HeadStep : std::uint8_t { more, accepted, ended };
  // How the request's body gets to the server.
  enum class BodyUp : std::uint8_t {
    none,
    with_head,  // in one piece with the head
    stored,     // from memory or a file, beside the answer
    streamed,   // as the client sends it, beside the answer
  };
  // attempt.cc
  bool take_pooled();
  runtime::Task<bool> connect();
  runtime::Task<void> converse(bool& stale);
  [[nodiscard]] bool is_stale(std::size_t size);
  // attempt_request.cc
  [[nodiscard]] BodyUp choose_body() const;
  [[nodiscard]] std::string_view body_with_head() const;
  runtime::Task<void> upload();
  runtime::Task<Status> upload_streamed();
  runtime::Task<Status> upload_stored();
  void upload_failed(const Error& error);
  void count_upload(std::size_t bytes);
  // attempt_head.cc and attempt_answer.cc
  runtime::Task<void> answer();
  [[nodiscard]] std::span<char> head_space() const;
  runtime::Task<bool> read_head();
  runtime::Task<void> pass_on();
  [[nodiscard]] bool is_unwanted() const;
  bool begin_answer(UpstreamBody& body, OutgoingBody& outgoing);
  std::optional<std::string_view> unwrap(UpstreamBody& body, std::span<char> raw);
  runtime::Task<void> pass_on_ahead(UpstreamBody& body, OutgoingBody& outgoing,
                                    std::span<iovec> unsent);
  runtime::Task<void> fill(UpstreamBody& body, ReadAhead& ahead);
  static Error invalid_chunk();
  static Error cut_off(const Result<std::size_t>& got);
  [[nodiscard]] Instant read_deadline() const;
  HeadStep parse_head(std::size_t count);
  HeadStep judge_head();
  void supersede();
  void take_hint();
  runtime::Task<void> pass_interim();
  HeadStep head_failed(const Result<std::size_t>& got);
  void finish_upstream(bool surplus);
  // tunnel.cc
  [[nodiscard]] bool is_upgrade() const;
  runtime::Task<void> tunnel();
  runtime::Task<Status> open_tunnel();
  runtime::Task<void> carry_up(bool& ended, Instant& active);
  runtime::Task<void> carry_down(bool& ended, Instant& active);
  void end_tunnel(bool& ended);
  void stop_upload();
  void watch_client();

  bool must_be_fresh_ = false;
  bool may_be_kept_ = true;  // by the pool, for any other request
  BodyUp body_up_ = BodyUp::none;
  bool uploaded_ = true;
  bool upload_timed_out_ = false;
  Instant upload_progress_{};  // when bytes last went up, or came down
  Instant head_progress_{};
  http::ResponseParser parser_;
  int interim_heads_ = 0;
  std::string interim_;       // an early hint on its way to the client
  std::size_t received_ = 0;  // in exchange_.upstream_buffer
};

}  // namespace baton::proxy
