// What attempts over any protocol have in common (attempt.h, fastcgi_attempt.h): the server that
// was picked, the record of the try, the connection, and how it ended.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/exchange.h"
#include "proxy/filters/body_filter.h"
#include "proxy/forwarding/range_cut.h"
#include "runtime/task.h"
#include "upstream/thread_upstreams.h"

namespace baton::proxy {

class OutgoingBody;
class ReadAhead;

enum class AttemptEnd : std::uint8_t {
  answered,       // the whole response was passed on
  broken_off,     // the response had begun and could not be completed: close the client
  failed,         // the server failed before anything reached the client; see error()
  intercepted,    // it answered with a status that has an error_page (proxy_intercept_errors)
  redirected,     // it names a location that answers (X-Accel-Redirect)
  superseded,     // the cache answers instead of what came: forward() ends with `proceed`
  passed_over,    // it answered with a status that is to be tried elsewhere
  out_of_range,   // it answered, and the range that the client asked for is not in the body
  client_failed,  // the client went away or sent a bad body; see error()
};

// A failure towards an upstream server in nginx's words: "recv() failed (104: Connection reset by
// peer)".
std::string failure_message(const Error& error);

// With which statuses a server's answer is to be left for another server's, and until when.
struct PassOver {
  std::uint32_t statuses = 0;  // of proxy_next_upstream
  Instant until = never;
};

class ServerAttempt {
 public:
  ServerAttempt(Exchange& exchange, const LocationPlan& plan, upstream::Pick& pick,
                const PassOver& pass_over);
  ServerAttempt(const ServerAttempt&) = delete;
  ServerAttempt& operator=(const ServerAttempt&) = delete;

  [[nodiscard]] const Error& error() const { return error_; }
  // What was being done when it ended, in the words of the error log.
  [[nodiscard]] std::string_view action() const { return action_; }
  // The server may have acted upon the request.
  [[nodiscard]] bool request_sent() const { return request_sent_; }

 protected:
  ~ServerAttempt() = default;

  UpstreamAttempt& record() { return exchange_.request.attempts[record_]; }
  runtime::Stream& upstream() { return connection_->stream(); }
  Duration elapsed() const { return exchange_.now() - begun_; }
  // Whether an answer with `status` that is there now is not for the client.
  [[nodiscard]] bool is_passed_over(std::uint16_t status) const;
  // proxy_bind; null: none, or not an address.
  [[nodiscard]] std::optional<net::Endpoint> bind_address() const;
  // proxy_bind and the proxy_socket_* family.
  void choose_options(runtime::ConnectOptions& options);
  // Whether the address to connect from is this request's own: no other one may have the
  // connection.
  [[nodiscard]] bool is_bound_for_request() const;
  // proxy_buffering, unless the server says otherwise.
  [[nodiscard]] bool is_buffered() const;
  // proxy_limit_rate in bytes a second; 0: none.
  [[nodiscard]] std::uint64_t read_rate() const;
  // Waits until no more than `rate` bytes a second have come since the first; gives how many more
  // may be read now.
  runtime::Task<std::size_t> slow_down(std::uint64_t rate);
  // The server has done what was asked of it.
  void count_success();
  // Nothing came of it; `message`: in other words than the error's own.
  void fail_with(const Error& error, std::string_view action, std::string_view message = {});
  void client_failed(const Error& error);
  void client_went_away(std::string_view action);
  void log(std::string_view message, std::string_view action, LogLevel level);
  // Whether what is being stored is to be fetched to its end, with or without the client.
  [[nodiscard]] bool is_storing() const;
  // Sends `unsent` and then what is read ahead; `unsent_is_last`: that is all.
  runtime::Task<void> drain(OutgoingBody& outgoing, ReadAhead& ahead, std::span<iovec> unsent,
                            bool unsent_is_last);
  runtime::Task<Status> send_rest(OutgoingBody& outgoing, BodyPart part);
  // The response has begun and cannot be completed; `message`: in other words than the error's own.
  void break_off(const Error& error, std::string_view message = {});
  void finish_answer(bool client_left);
  // proxy_force_ranges: cuts what the client asked for out of a body of `length` bytes, which
  // becomes the length of the part. False: there is no such part; end_ is set.
  bool cut_range(std::optional<std::uint64_t>& length);

  Exchange& exchange_;
  const LocationPlan& plan_;
  const config::ProxyPass& proxy_;
  upstream::Pick& pick_;
  PassOver pass_over_;
  std::size_t record_;
  Instant begun_;

  std::unique_ptr<upstream::Connection> connection_;
  AbortWatch watch_;
  AttemptEnd end_ = AttemptEnd::failed;
  Error error_;
  std::string_view action_ = "connecting to upstream";
  bool request_sent_ = false;
  RangeCut cut_;
};

// $request_body of a streamed body in chunks is what came with the head: its pieces stand in the
// head's buffer and are moved together there. Gives where the new one is now.
std::span<char> keep_early_bytes(Request& request, std::span<char>& kept, std::span<char> bytes);

}  // namespace baton::proxy
