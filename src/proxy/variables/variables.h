// The values of nginx's variables for a request, appended to a buffer of the caller's without
// temporaries. What a variable means: https://nginx.org/en/docs/varindex.html.
//
// A variable can be missing (no such header, no upstream asked). In headers, redirects and paths a
// missing value is empty text; in a log line it is '-', or nothing with escape=json and none.
#pragma once

#include <string>

#include "config/model/proxy.h"
#include "config/model/template_text.h"
#include "proxy/request.h"

namespace baton::proxy {

// Appends the value; false, with nothing appended, when the variable is missing.
bool append_variable(std::string& into, const config::TextPart& part, const Request& request);

// Appends the text with all variables in it; missing ones are empty.
void append_text(std::string& into, const config::TemplateText& text, const Request& request);

// A line of the access log, without its end, escaped as the format says.
void append_log_text(std::string& into, const config::LogFormat& format, const Request& request);

// $document_root and $request_filename: the location's root (or alias) with the URI behind it.
void append_document_root(std::string& into, const Request& request);
void append_request_filename(std::string& into, const Request& request);

// False, with a line in the log, when the location has an alias but `rewrite ... break` has changed
// the URI: what the alias stands for is not in it any more.
bool alias_fits(const Request& request);

// Escapes what was appended to `text` from `start` on. Standard: '"', '\', control and non-ASCII
// bytes as \xHH. JSON: as RFC 8259 section 7 asks for.
void escape_log_text(std::string& text, std::size_t start, config::LogFormat::Escape escape);

}  // namespace baton::proxy
