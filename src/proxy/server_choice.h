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

// For a group with `sticky`, when the response's head has been taken over from `peer`: what lets
// later requests of the session find it.
void bind_session(Exchange& exchange, const upstream::Group& group, const upstream::Peer& peer);

}  // namespace baton::proxy
