// Answers to errors: the location's error_page if it names the status, nginx's built-in page
// otherwise. Redirects (301, 302, 303, 307, 308) are "errors" here too, as in nginx.
#pragma once

#include "proxy/exchange.h"
#include "proxy/request.h"

namespace baton::proxy {

// What to do about `status`: an internal redirect, or `respond` with request.response filled in.
Verdict answer_error(Exchange& exchange, std::uint16_t status);

// True when answer_error would use an error_page of the configuration for `status`.
bool has_error_page(const Exchange& exchange, std::uint16_t status);

// The built-in page for `status`, in exchange.request.response; keep-alive ends where nginx ends
// it.
void use_builtin_page(Exchange& exchange, std::uint16_t status);

}  // namespace baton::proxy
