// What attempts over any protocol have in common once the response goes to the client: sending what
// was read ahead, and the two ends.

#include "proxy/filters/body_filter.h"
#include "proxy/forwarding/cached_request.h"
#include "proxy/forwarding/read_ahead.h"
#include "proxy/forwarding/server_attempt.h"
#include "proxy/response/outgoing_body.h"
#include "proxy/response/responder.h"

namespace baton::proxy {

// Sends what was read ahead; what was read before a server broke off still reaches the client.
runtime::Task<void> ServerAttempt::drain(OutgoingBody& outgoing, ReadAhead& ahead,
                                         std::span<iovec> unsent, bool unsent_is_last) {
  BodyPart part = unsent_is_last ? BodyPart::last : BodyPart::more;
  Status sent = co_await send_to_client(exchange_, unsent, false);
  if (sent) sent = co_await send_rest(outgoing, part);
  while (sent && part != BodyPart::last) {
    co_await ahead.bytes_or_end();
    if (ahead.empty() && end_ == AttemptEnd::broken_off) co_return;
    if (exchange_.loop().cancelled()) break;
    std::string_view bytes;
    if (!ahead.empty()) {
      bytes = ahead.take();
      if (bytes.empty()) sent = fail(ErrorKind::system, "temporary file");
      if (!sent) break;
    }
    const bool at_end = ahead.empty() && ahead.finished() && end_ != AttemptEnd::broken_off;
    if (at_end) part = BodyPart::last;
    sent = co_await send_to_client(exchange_, outgoing.frame_some(bytes, part), false);
    if (sent) sent = co_await send_rest(outgoing, part);
  }
  if (sent) co_return;
  // Nobody is left to read for, but perhaps a cache.
  const bool goes_on = is_storing();
  if (!goes_on && end_ != AttemptEnd::broken_off) break_off(sent.error());
  ahead.give_up();
  if (!goes_on && connection_) upstream().source().cancel();
}

// What the filters still hold of the bytes that they were given.
runtime::Task<Status> ServerAttempt::send_rest(OutgoingBody& outgoing, BodyPart part) {
  while (outgoing.has_more()) {
    const Status sent = co_await send_to_client(exchange_, outgoing.frame_some({}, part), false);
    if (!sent) co_return sent;
  }
  co_return outgoing.status();
}

// The response has begun and cannot be completed.
void ServerAttempt::break_off(const Error& error, std::string_view message) {
  // The server was left because the client's own body broke.
  const bool is_clients = end_ == AttemptEnd::client_failed;
  end_ = AttemptEnd::broken_off;
  action_ = "reading upstream";
  exchange_.request.keep_alive = false;
  if (is_clients) return;
  error_ = error;
  if (error.side == Side::us) return;  // told already
  if (error.side == Side::client) {
    if (error.kind == ErrorKind::timed_out) {
      exchange_.services.error_log.write(LogLevel::info, exchange_.request,
                                         "client timed out (110: Connection timed out)",
                                         "sending to client");
    }
    return;
  }
  if (watch_.client_gone()) {
    error_.side = Side::client;
    log("client prematurely closed connection, so upstream connection is closed too",
        "reading upstream", LogLevel::info);
    return;
  }
  log(message.empty() ? failure_message(error) : message, "reading upstream", LogLevel::error);
}

// The client has the whole response, unless it left before the end.
void ServerAttempt::finish_answer(bool client_left) {
  end_ = AttemptEnd::answered;
  exchange_.request.completed = !client_left;
  if (client_left) exchange_.request.keep_alive = false;
}

// Whether what is being stored is to be fetched to its end, with or without the client.
bool ServerAttempt::is_storing() const {
  return exchange_.cached && exchange_.cached->is_storing();
}

}  // namespace baton::proxy
