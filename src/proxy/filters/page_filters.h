// Whether a response is put together from several (page.h), or has texts replaced; and what its
// head loses by that. Asked by whoever makes the chain of filters, before the head is written.
#pragma once

#include <memory>

#include "proxy/exchange.h"
#include "proxy/filters/body_filter.h"

namespace baton::proxy {

bool wants_ssi(const Request& request);
bool wants_addition(const Exchange& exchange);
bool wants_substitution(const Request& request);

// True when the body will not be that of the file: then no range of it can be asked for. To be
// asked of a response that has its content type.
bool changes_text(const Request& request);

// What the response wants of these, nullptr when nothing; its head is changed accordingly.
std::unique_ptr<BodyFilter> make_substitution(Exchange& exchange);
std::unique_ptr<BodyFilter> make_page_place(Exchange& exchange);

}  // namespace baton::proxy
