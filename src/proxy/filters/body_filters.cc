// The chain of filters: gunzip, then what changes the text, then gzip.

#include "proxy/filters/body_filters.h"

#include "config/model/compression.h"
#include "proxy/exchange.h"
#include "proxy/filters/gunzip_filter.h"
#include "proxy/filters/gzip_filter.h"
#include "proxy/filters/page_filters.h"
#include "proxy/response/compression.h"
#include "proxy/response/response_lines.h"

namespace baton::proxy {

namespace {

// What is left of the codings when the last one is taken off, as "a,b"; "" for gzip alone.
std::string without_last_coding(std::string_view codings) {
  std::string left;
  const std::size_t last = codings.rfind(',');
  if (last == std::string_view::npos) return left;
  for (const char c : codings.substr(0, last)) {
    if (c != ' ' && c != '\t') left += c;
  }
  return left;
}

void add_gunzip(Request& request, BodyFilters& filters) {
  if (!is_to_be_unpacked(request)) return;
  request.response.depends_on_gzip = true;
  if (client_takes_gzip(request)) return;
  const std::string left = without_last_coding(line_value(request.response, "Content-Encoding"));
  remove_lines(request.response, "Content-Encoding");
  if (!left.empty()) {
    request.response.headers.push_back({"Content-Encoding", request.arena.store(left)});
  }
  forget_exact_body(request);
  filters.push_back(std::make_unique<GunzipFilter>());
}

void add_gzip(Request& request, BodyFilters& filters) {
  Response& response = request.response;
  const std::optional<std::uint64_t> length = response.content_length;
  if (!is_compressible(request, length)) return;
  response.depends_on_gzip = true;
  if (!client_takes_gzip(request)) return;
  forget_exact_body(request);
  response.headers.push_back({"Content-Encoding", "gzip"});
  filters.push_back(std::make_unique<GzipFilter>(*request.location->compression, length, request));
}

}  // namespace

BodyFilters make_body_filters(Exchange& exchange) {
  BodyFilters filters;
  // Where the location asks for nothing, this is all that a response pays.
  Request& request = exchange.request;
  const config::Location& location = *request.location;
  if (!location.compression && !location.substitution && !location.ssi) return filters;
  if (location.compression) add_gunzip(request, filters);
  if (location.substitution) {
    if (auto filter = make_substitution(exchange)) filters.push_back(std::move(filter));
  }
  if (location.ssi || location.substitution) {
    if (auto place = make_page_place(exchange)) filters.push_back(std::move(place));
  }
  if (location.compression) add_gzip(request, filters);
  return filters;
}

}  // namespace baton::proxy
