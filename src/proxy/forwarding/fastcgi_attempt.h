// One attempt to get the response from one FastCGI server, with the same ends as an Attempt over
// HTTP (attempt.h). The response's head is that of CGI (RFC 3875 section 6): lines without a status
// line; "Status" says the status.
#pragma once

#include <optional>
#include <string>

#include "fastcgi/records.h"
#include "http/head_parser.h"
#include "proxy/exchange.h"
#include "proxy/forwarding/server_attempt.h"
#include "runtime/task.h"

namespace baton::proxy {

class FastcgiAttempt : public ServerAttempt {
 public:
  using ServerAttempt::ServerAttempt;

  runtime::Task<AttemptEnd> run();

 private:
  enum class Step : std::uint8_t { more, done, ended };
  runtime::Task<bool> open();
  void watch_client();
  runtime::Task<void> upload();
  runtime::Task<Status> send_stdin(std::string_view bytes, bool last);
  runtime::Task<Status> send_memory(std::string_view bytes);
  runtime::Task<Status> send_stored_file();
  runtime::Task<Status> send_streamed();
  void upload_failed(const Error& error);
  void stop_upload();
  runtime::Task<void> answer();
  runtime::Task<bool> read_head();
  Step take_bytes(const Result<std::size_t>& got);
  Step parse_head();
  bool finish_head();
  Step judge_head();
  // fastcgi_answer.cc
  runtime::Task<void> pass_on();
  runtime::Task<void> pass_on_ahead(OutgoingBody& outgoing, std::span<iovec> unsent);
  runtime::Task<void> fill(ReadAhead& ahead);
  bool fill_once(ReadAhead& ahead, std::size_t bytes_max);
  std::optional<std::string_view> unwrap(std::span<char> raw);
  std::string_view count_body(std::string_view bytes);
  [[nodiscard]] bool is_cut_short() const;
  [[nodiscard]] bool is_complete() const;
  void finish_upstream();
  void tell_errors(std::string_view action);
  static Error broken();
  static Error closed_early();

  bool is_streamed_ = false;  // the body goes up as the client sends it
  bool uploaded_ = false;
  Instant upload_progress_{};  // when bytes last went up
  fastcgi::ResponseDecoder decoder_;
  http::ResponseParser parser_;
  std::size_t received_ = 0;  // in exchange_.upstream_buffer: a status line of ours, then STDOUT
  std::optional<std::uint64_t> length_;  // of the body, where the server told it
  std::uint64_t left_ = UINT64_MAX;      // of it
};

}  // namespace baton::proxy
