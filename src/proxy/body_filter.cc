// The chain of filters.

#include "proxy/body_filter.h"

#include "proxy/exchange.h"

namespace baton::proxy {

BodyFilters make_body_filters(Exchange& exchange) {
  BodyFilters filters;
  // Where the location asks for nothing, this is all that a response pays.
  const config::Location& location = *exchange.request.location;
  if (!location.compression && !location.substitution && !location.ssi) return filters;
  return filters;
}

}  // namespace baton::proxy
