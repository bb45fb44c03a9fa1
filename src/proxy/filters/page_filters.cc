// Conditions on a response's status and type.

#include "proxy/filters/page_filters.h"

#include "config/model/ssi.h"
#include "config/model/substitution.h"
#include "proxy/filters/charset_filter.h"
#include "proxy/filters/substitution_filter.h"
#include "proxy/response/compression.h"
#include "proxy/response/response_lines.h"

namespace baton::proxy {

namespace {

// Holds the page's place in the chain: the filters in front of it work on the text, those behind it
// on what is put together.
class PagePlace final : public BodyFilter {
 public:
  Status filter(std::string_view input, BodyPart, std::string& output) override {
    output += input;
    return {};
  }
  [[nodiscard]] bool is_page_place() const override { return true; }
};

// Without `keeps_last_modified` nothing is left that a cache could go by.
void forget_text(Request& request, bool keeps_last_modified) {
  forget_exact_body(request);
  if (keeps_last_modified) return;
  request.response.last_modified = {};
  remove_lines(request.response, "Last-Modified");
  remove_lines(request.response, "ETag");
}

bool has_body(const Response& response) {
  return response.content_length != 0U && response.status != 204 && response.status != 304;
}

bool is_of_type(const config::MimeSet& types, const Request& request) {
  return types.contains(type_without_charset(request.response.content_type));
}

}  // namespace

bool wants_ssi(const Request& request) {
  const config::SsiSettings* settings = request.location->ssi.get();
  return settings && settings->enabled && has_body(request.response) &&
         is_of_type(settings->types, request);
}

bool wants_addition(const Exchange& exchange) {
  const Request& request = exchange.request;
  const config::SubstitutionSettings* settings = request.location->substitution.get();
  return settings && !(settings->before_body.empty() && settings->after_body.empty()) &&
         !exchange.parent && request.response.status == 200 &&
         is_of_type(settings->addition_types, request);
}

bool wants_substitution(const Request& request) {
  const config::SubstitutionSettings* settings = request.location->substitution.get();
  return settings && !settings->pairs.empty() && has_body(request.response) &&
         is_of_type(settings->types, request);
}

bool changes_text(const Request& request) {
  const config::SubstitutionSettings* settings = request.location->substitution.get();
  const bool adds = settings && !(settings->before_body.empty() && settings->after_body.empty()) &&
                    is_of_type(settings->addition_types, request);
  return adds || wants_ssi(request) || wants_substitution(request) || recoding_of(request);
}

std::unique_ptr<BodyFilter> make_substitution(Exchange& exchange) {
  Request& request = exchange.request;
  if (!wants_substitution(request)) return nullptr;
  const config::SubstitutionSettings& settings = *request.location->substitution;
  auto filter = std::make_unique<SubstitutionFilter>(settings, request);
  if (!filter->is_needed()) return nullptr;
  forget_text(request, settings.keeps_last_modified);
  return filter;
}

std::unique_ptr<BodyFilter> make_page_place(Exchange& exchange) {
  Request& request = exchange.request;
  const bool ssi = wants_ssi(request);
  if (!ssi && !wants_addition(exchange)) return nullptr;
  if (ssi) {
    forget_text(request, request.location->ssi->keeps_last_modified);
  } else {
    forget_exact_body(request);
  }
  return std::make_unique<PagePlace>();
}

}  // namespace baton::proxy
