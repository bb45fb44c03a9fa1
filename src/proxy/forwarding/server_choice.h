// What a request brings for the choice of its upstream server, as far as its group's balancer asks:
// the key to hash, the client's address, the session that is bound to a server. And what a session
// leaves behind in the response. A group that asks for nothing costs a comparison.
#pragma once

#include "proxy/exchange.h"
#include "upstream/group.h"
#include "upstream/search.h"

namespace baton::proxy {

// Fills in what `group` asks for. Texts stand in the request's arena.
void prepare_search(Exchange& exchange, const upstream::Group& group, upstream::Search& search);

// For a group with `sticky`: what lets later requests of the session find `peer`, when the
// response's head has been taken over from it, and when all of the response has been passed on.
enum class SessionMoment : std::uint8_t { head, end };
void bind_session(Exchange& exchange, const upstream::Group& group, const upstream::Peer& peer,
                  SessionMoment moment);

}  // namespace baton::proxy
