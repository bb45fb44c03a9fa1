// Looking up, storing, and answering from the cache.

#include "proxy/forwarding/cached_request.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cache/lock_wait.h"
#include "config/model/proxy_rules.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/head_parser.h"
#include "proxy/files/file_response.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using http::HeaderId;

cache::Seconds seconds_now() {
  return cache::seconds_of(runtime::wall_now());
}

bool has_conditions(const http::HeaderTable& headers) {
  return headers.has(HeaderId::if_none_match) || headers.has(HeaderId::if_modified_since) ||
         headers.has(HeaderId::if_match) || headers.has(HeaderId::if_unmodified_since);
}

}  // namespace

CachedRequest::CachedRequest(Exchange& exchange, const LocationPlan& plan, cache::Cache& cache,
                             std::string_view key, Place place)
    : exchange_(exchange),
      plan_(plan),
      settings_(*plan.location->cache),
      lookup_(cache, key),
      place_(place),
      watched_client_(exchange.watches_client) {}

CachedRequest::~CachedRequest() {
  exchange_.watches_client = watched_client_;
}

void CachedRequest::set_status(std::string_view status) {
  exchange_.request.cache.status = status;
}

// One that is neither empty nor "0".
bool CachedRequest::holds_any(const std::vector<config::TemplateText>& conditions) {
  std::string value;
  for (const config::TemplateText& condition : conditions) {
    value.clear();
    append_text(value, condition, exchange_.request);
    if (!value.empty() && value != "0") return true;
  }
  return false;
}

// proxy_cache_max_range_offset: fetching all that is before the range would take too long.
bool CachedRequest::asks_beyond_offset() const {
  if (settings_.max_range_offset == std::numeric_limits<std::uint64_t>::max()) return false;
  const http::Header* range = exchange_.request.head.headers.find(HeaderId::range);
  if (range == nullptr) return false;
  if (settings_.max_range_offset == 0) return true;
  constexpr std::string_view unit = "bytes=";
  if (!equals_ignoring_case(range->value.substr(0, unit.size()), unit)) return false;
  const std::string_view first = trimmed(range->value.substr(unit.size()));
  if (first.starts_with('-')) return true;
  const std::size_t digits = std::min(first.find_first_not_of("0123456789"), first.size());
  const auto start = parse_unsigned(first.substr(0, digits));
  return start && *start > settings_.max_range_offset;
}

runtime::Task<CachedRequest::Found> CachedRequest::look_up() {
  set_status("MISS");
  cacheable_ = true;
  Found found = Found::fetch;
  if (holds_any(settings_.bypass)) {
    set_status("BYPASS");
  } else {
    const Instant patience = exchange_.now() + settings_.lock_timeout;
    while (true) {
      const cache::Seconds now = seconds_now();
      const auto outcome =
          lookup_.find(exchange_.request.head.headers, {settings_.min_uses, exchange_.now(), now});
      report_problem();
      found = judge(outcome, now);
      if (outcome != cache::Outcome::miss || !settings_.lock) break;
      const auto until = lookup_.lock(exchange_.now(), settings_.lock_age);
      if (!until) break;
      if (exchange_.now() >= patience) {
        cacheable_ = false;
        break;
      }
      cache::LockWait wait(lookup_, exchange_.loop(), std::min(*until, patience));
      const Status woken = co_await wait.done();
      if (!woken) break;
    }
    if (found == Found::fetch && asks_beyond_offset()) cacheable_ = false;
  }
  if (found == Found::fetch) {
    if (!cacheable_) lookup_.release();
    // A response that is being stored is fetched to its end, whether the client stays or not.
    if (cacheable_) exchange_.watches_client = false;
  }
  co_return found;
}

CachedRequest::Found CachedRequest::judge(cache::Outcome outcome, cache::Seconds now) {
  using cache::Outcome;
  const bool beside = place_ == Place::background;
  const auto may_be_stale = [&] {
    return (settings_.use_stale & config::use_stale_updating) != 0 ||
           lookup_.usable_while_updating(now);
  };
  switch (outcome) {
    case Outcome::hit:
      set_status("HIT");
      return beside ? Found::nothing : Found::answer;
    case Outcome::error:
      set_status("HIT");
      return beside ? Found::nothing : Found::error;
    case Outcome::stale:
      expired_ = true;
      if (!beside && settings_.background_update && may_be_stale()) {
        set_status("STALE");
        wants_update_ = true;
        return Found::answer;
      }
      break;
    case Outcome::updating:
      expired_ = true;
      if (beside) return Found::nothing;
      if (may_be_stale()) {
        set_status("UPDATING");
        return Found::answer;
      }
      break;
    case Outcome::miss:
      return Found::fetch;
    case Outcome::scarce:
      cacheable_ = false;
      return Found::fetch;
  }
  set_status("EXPIRED");
  remember_validators();
  return Found::fetch;
}

void CachedRequest::report_problem() {
  if (lookup_.problem().empty()) return;
  exchange_.services.error_log.write(lookup_.problem_level(), exchange_.request, lookup_.problem());
}

// $upstream_cache_last_modified and $upstream_cache_etag: what a conditional request would name.
void CachedRequest::remember_validators() {
  if (!settings_.revalidate) return;
  http::ResponseHead head;
  http::ResponseParser parser;
  http::HeadLimits limits;
  limits.line_bytes = limits.total_bytes = cache::entry_prefix_max;
  limits.underscores_in_headers = true;
  if (parser.parse(lookup_.entry()->head(), head, http::Method::get, limits) !=
      http::Progress::complete) {
    return;
  }
  if (head.status != 200 && head.status != 206) return;
  Request& request = exchange_.request;
  const http::Validators validators = validators_of(head.headers);
  if (validators.has_last_modified) {
    request.cache.last_modified =
        request.arena.store(http::format_date(validators.last_modified).view());
  }
  request.cache.etag = request.arena.store(validators.etag);
}

bool CachedRequest::hides(http::HeaderId id) const {
  if (!cacheable_) return false;
  switch (id) {
    case HeaderId::if_modified_since:
    case HeaderId::if_unmodified_since:
    case HeaderId::if_none_match:
    case HeaderId::if_match:
    case HeaderId::if_range:
    case HeaderId::range:
      return true;
    default:
      return false;
  }
}

void CachedRequest::append_conditions(std::string& text, const LocationPlan& plan) const {
  if (!cacheable_) return;
  const CacheFacts& facts = exchange_.request.cache;
  const auto append = [&](HeaderId id, std::string_view value) {
    if (value.empty() || plan.set_by_us.contains(id, {})) return;
    text.append(http::header_name(id)).append(": ").append(value).append("\r\n");
  };
  append(HeaderId::if_modified_since, facts.last_modified);
  append(HeaderId::if_none_match, facts.etag);
}

bool CachedRequest::may_use_stale(std::uint32_t condition) const {
  return expired_ && exchange_.request.cache.status == "EXPIRED" &&
         (settings_.use_stale & condition) != 0;
}

bool CachedRequest::supersedes(const http::ResponseHead& head) {
  if (head.status >= 300 && may_use_stale(next_upstream_condition(head.status))) {
    instead_ = Instead::stale;
  } else if (head.status == 304 && expired_ && settings_.revalidate &&
             exchange_.request.cache.status == "EXPIRED") {
    freshness_ = cache::judge_freshness(head.headers, settings_.ignored_headers, seconds_now());
    instead_ = Instead::revalidated;
  }
  return instead_ != Instead::nothing;
}

// The part of the body that the client asked for, when the response goes to it while it is stored.
void CachedRequest::choose_part() {
  Request& request = exchange_.request;
  Response& response = request.response;
  const http::ResponseHead& head = exchange_.upstream_head;
  const bool ranges = offers_ranges();
  remove_accept_ranges(response);
  if (response.status != 200 || !ranges || head.framing.kind != http::BodyKind::length) return;
  const RangeCut::Kind kind =
      cut_.choose(request, validators_of(head.headers), head.framing.content_length);
  if (kind == RangeCut::Kind::unsatisfiable) refused_status_ = 416;
}

// Whether the server does, or proxy_force_ranges does it for it.
bool CachedRequest::offers_ranges() const {
  const config::ProxyRules* const rules = plan_.location->proxy->rules.get();
  return exchange_.upstream_head.headers.has(HeaderId::accept_ranges) ||
         (rules != nullptr && rules->force_ranges);
}

bool CachedRequest::begin_response(bool buffered) {
  Request& request = exchange_.request;
  if (!cacheable_) return true;
  const cache::Seconds now = seconds_now();
  freshness_ =
      cache::judge_freshness(exchange_.upstream_head.headers, settings_.ignored_headers, now);
  cacheable_ = freshness_.cacheable;
  if (cacheable_ && request.response.status == 200 && exchange_.parent == nullptr) {
    const http::Condition condition = http::evaluate_conditions(
        request.head.headers, validators_of(exchange_.upstream_head.headers),
        modified_since_rule(*request.location));
    if (condition == http::Condition::failed) refused_status_ = 412;
    if (condition == http::Condition::not_modified) become_not_modified(request);
    if (condition == http::Condition::send) choose_part();
  }
  if (refused_status_ != 0) {
    instead_ = Instead::refused;
    return false;
  }
  if (cacheable_ && buffered && !holds_any(settings_.no_cache)) begin_fill(now);
  if (!fill_) lookup_.release();
  return true;
}

void CachedRequest::begin_fill(cache::Seconds now) {
  const http::ResponseHead& head = exchange_.upstream_head;
  cache::Seconds until = freshness_.valid_until;
  if (until == 0) {
    const cache::Seconds valid = cache::configured_validity(settings_, head.status);
    if (valid > 0) until = now + valid;
  }
  if (until == 0) return;
  const std::string_view text(exchange_.upstream_buffer.span().data(), head.bytes);
  fill_.emplace(lookup_, exchange_.request.head.headers,
                cache::Fill::Response{text, freshness_.vary, until, freshness_.updating_seconds,
                                      freshness_.error_seconds});
}

std::optional<std::uint64_t> CachedRequest::client_length(
    std::optional<std::uint64_t> length) const {
  if (exchange_.request.response.status == 304) return std::nullopt;
  return cut_.is_part() ? std::optional(cut_.length()) : length;
}

std::string_view CachedRequest::pass(std::string_view bytes) {
  if (fill_ && !fill_->write(bytes)) {
    exchange_.services.error_log.write(LogLevel::critical, exchange_.request, fill_->problem(),
                                       "reading upstream");
    fill_.reset();
  }
  return cut_.pass(bytes);
}

void CachedRequest::complete() {
  if (!fill_) return;
  if (!fill_->commit()) {
    exchange_.services.error_log.write(LogLevel::critical, exchange_.request, fill_->problem(),
                                       "reading upstream");
  }
  fill_.reset();
}

// An error that ended the search for a response is remembered, if proxy_cache_valid says so.
void CachedRequest::remember_error(std::uint16_t status, bool had_head) {
  if (!cacheable_) return;
  const cache::Seconds now = seconds_now();
  cache::Seconds until = 0;
  if (had_head) {
    const cache::Freshness said =
        cache::judge_freshness(exchange_.upstream_head.headers, settings_.ignored_headers, now);
    if (!said.cacheable) return;
    until = said.valid_until;
  } else if (status != 502 && status != 504) {
    return;
  }
  if (until == 0) {
    const cache::Seconds valid = cache::configured_validity(settings_, status);
    if (valid == 0) return;
    until = now + valid;
  }
  lookup_.remember_error(status, until);
}

// The upstream server said that the entry is still good: it is, for as long as that answer, the
// entry itself or the configuration says.
void CachedRequest::renew_entry() {
  const cache::Seconds now = seconds_now();
  cache::Freshness said = freshness_;
  if (said.valid_until == 0) {
    said = cache::judge_freshness(exchange_.upstream_head.headers, settings_.ignored_headers, now);
  }
  if (said.valid_until == 0) {
    const auto valid = cache::configured_validity(settings_, exchange_.upstream_head.status);
    if (valid > 0) said.valid_until = now + valid;
  }
  if (said.valid_until == 0) return;
  lookup_.renew(said.valid_until, said.updating_seconds, said.error_seconds);
  report_problem();
}

Verdict CachedRequest::conclude(const Verdict& verdict) {
  fill_.reset();
  Request& request = exchange_.request;
  const bool failed = verdict.kind == Verdict::Kind::error && !request.header_sent;
  if (verdict.kind == Verdict::Kind::proceed && instead_ == Instead::refused) {
    return Verdict::error(refused_status_);
  }
  if (verdict.kind == Verdict::Kind::proceed && instead_ == Instead::revalidated) {
    set_status("REVALIDATED");
    const Verdict served = serve();
    renew_entry();
    return served;
  }
  // stale-if-error is, as in nginx, for want of a response, not for responses that tell of errors.
  const bool stale_for_want =
      failed && failure_ != 0 &&
      (may_use_stale(failure_) || (expired_ && lookup_.usable_on_error(seconds_now())));
  if (instead_ == Instead::stale || stale_for_want) {
    set_status("STALE");
    lookup_.release();
    return serve();
  }
  if (failed) {
    const bool had_head = failure_ == 0 && exchange_.upstream_head.status == verdict.status;
    remember_error(verdict.status, had_head);
  }
  return verdict;
}

// Conditions of the client, then the part of the body that it asked for.
Verdict CachedRequest::answer_conditions(std::uint64_t size_bytes, std::size_t file_offset) {
  Request& request = exchange_.request;
  Response& response = request.response;
  const http::ResponseHead& head = exchange_.upstream_head;
  const bool ranges = offers_ranges();
  remove_accept_ranges(response);
  response.content_length = size_bytes;
  if (response.status != 200 || exchange_.parent != nullptr) return Verdict::proceed();
  if (!ranges && !has_conditions(request.head.headers)) return Verdict::proceed();
  const http::Validators validators = validators_of(head.headers);
  const http::Condition condition = http::evaluate_conditions(
      request.head.headers, validators, modified_since_rule(*request.location));
  if (condition == http::Condition::failed) return Verdict::error(412);
  if (condition == http::Condition::not_modified) {
    become_not_modified(request);
    return Verdict::respond();
  }
  if (!ranges) return Verdict::proceed();
  const Verdict verdict = send_asked_ranges(request, validators, size_bytes);
  for (FilePart& part : response.file_parts) part.offset += file_offset;
  return verdict.kind == Verdict::Kind::respond && response.status == 200 ? Verdict::proceed()
                                                                          : verdict;
}

Verdict CachedRequest::serve() {
  Request& request = exchange_.request;
  const auto& entry = lookup_.entry();
  http::ResponseParser parser;
  http::HeadLimits limits;
  limits.line_bytes = limits.total_bytes = cache::entry_prefix_max;
  limits.underscores_in_headers = true;
  exchange_.upstream_head.clear();
  exchange_.cached_text = entry;
  if (parser.parse(entry->head(), exchange_.upstream_head, http::Method::get, limits) !=
      http::Progress::complete) {
    return Verdict::error(500);
  }
  take_upstream_head(exchange_, plan_);
  Response& response = request.response;
  const http::ResponseHead& head = exchange_.upstream_head;
  const std::uint64_t size = entry->header().body_bytes;
  Verdict verdict = answer_conditions(size, entry->body_at());
  if (verdict.kind == Verdict::Kind::error) return verdict;
  if (verdict.kind == Verdict::Kind::proceed) {
    // All of it. A HEAD that was stored as such has no body, but its length.
    response.file_parts.clear();
    const bool told_only = request.head.method == http::Method::head && size == 0;
    if (told_only && head.framing.kind == http::BodyKind::length) {
      response.content_length = head.framing.content_length;
    }
    if (size > 0) response.file_parts.push_back({{}, entry->body_at(), size});
  }
  if (request.head.method == http::Method::head || response.file_parts.empty()) {
    response.file_parts.clear();
    return Verdict::respond();
  }
  if (!entry->has_body()) {
    response.file = lookup_.take_file();
    return Verdict::respond();
  }
  const std::string_view body = entry->body();
  const auto part_of = [&](const FilePart& part) {
    return body.substr(part.offset - entry->body_at(), part.length);
  };
  if (response.file_parts.size() == 1) {
    response.text = part_of(response.file_parts[0]);
  } else {
    std::string text;
    for (const FilePart& part : response.file_parts) text.append(part.before).append(part_of(part));
    response.text = request.arena.store(text.append(response.after));
  }
  response.file_parts.clear();
  return Verdict::respond();
}

}  // namespace baton::proxy
