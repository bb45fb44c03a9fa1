// A request's body that was read as a whole before anybody is asked: in memory up to
// client_body_buffer_size, otherwise in a temporary file. So a slow client holds no upstream
// connection, and a server that failed can be followed by another one.
//
// Bodies that came whole with their head are not stored: they stand in the head's buffer and can be
// sent from there as often as is needed.
#pragma once

#include "proxy/client/body_storage.h"
#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Reads the rest of the body to its end, so that the request's handlers have all of it: afterwards
// request.stored_body is set, or request.early_body for one that came with the head. Sends "100
// Continue" first where that is awaited. Does nothing for a request without a body, or when it was
// done before. `proceed`, or what has become of the request.
runtime::Task<Verdict> store_body(Exchange& exchange);

// Whether store_body() has anything to wait for or to store.
[[nodiscard]] bool must_store_body(const Exchange& exchange);

// Sends "100 Continue" where the client awaits it and it was not sent.
runtime::Task<Status> send_continue(Exchange& exchange);

// From now on the request is one without a body, whatever the client still sends.
void give_up_body(Exchange& exchange);

// What a body that could not be read comes to: 400, 408, 413, or nothing at all.
Verdict answer_body_error(Exchange& exchange, const Error& error);

}  // namespace baton::proxy
