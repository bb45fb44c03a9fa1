// A request's dealings with proxy_cache: what is looked up, what is asked upstream instead of what
// the client asked, what is kept of the answer, and what the cache answers in an upstream server's
// place. It lives while the request is forwarded (forward_cached.h); the steps of forwarding meet
// it as Exchange::cached and tell it what happens:
//
//   look_up() -> serve(), or: hides(), append_conditions()   while the request is written
//                             supersedes()                   the response's head is there
//                             begin_response(), pass(), complete()   it is passed on
//                             note_failure()                 nobody could be asked
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/cache.h"
#include "cache/fill.h"
#include "cache/freshness.h"
#include "config/model/cache.h"
#include "proxy/exchange.h"
#include "proxy/forwarding/range_cut.h"
#include "runtime/task.h"

namespace baton::proxy {

class CachedRequest {
 public:
  enum class Place : std::uint8_t {
    foreground,
    background,  // renews an entry beside a request that was answered with the stale one
  };
  // `key` lives as long as the request.
  CachedRequest(Exchange& exchange, const LocationPlan& plan, cache::Cache& cache,
                std::string_view key, Place place);
  CachedRequest(const CachedRequest&) = delete;
  CachedRequest& operator=(const CachedRequest&) = delete;
  ~CachedRequest();

  enum class Found : std::uint8_t {
    answer,  // serve() it
    error,   // error_status() is what is remembered
    fetch,   // ask upstream
    nothing  // background: somebody else is at it
  };
  // May wait for another request that fetches the same (proxy_cache_lock).
  runtime::Task<Found> look_up();
  // The entry is served although it has expired, and a background request is to renew it.
  [[nodiscard]] bool wants_background_update() const { return wants_update_; }
  // Leaves the task of renewing to another request.
  void hand_over_update() { lookup_.release(); }
  [[nodiscard]] std::uint16_t error_status() const { return lookup_.error_status(); }

  // Fills in the response from the entry, conditions and ranges of the client included.
  Verdict serve();

  // --- while the request is forwarded ---

  // The client's line is not for the upstream server, because the whole response is wanted.
  [[nodiscard]] bool hides(http::HeaderId id) const;
  // The lines that ask whether the entry is still good.
  void append_conditions(std::string& text, const LocationPlan& plan) const;
  [[nodiscard]] bool asks_with_get() const { return cacheable_ && settings_.convert_head; }

  // The response's head is there: whether the cache answers in its place (304 for an entry that is
  // still good, an error for one that may be served stale). Then forward() ends with `proceed`.
  bool supersedes(const http::ResponseHead& head);
  // The response is for the client: decides whether it is stored and which part of it was asked
  // for; what is not buffered is not. False: a refusal is to be answered instead (forward() ends
  // with `proceed`).
  bool begin_response(bool buffered);
  [[nodiscard]] bool is_storing() const { return fill_.has_value(); }
  // The length that goes to the client, of a body of `length` bytes.
  [[nodiscard]] std::optional<std::uint64_t> client_length(
      std::optional<std::uint64_t> length) const;
  // Stores body bytes; gives those that the client asked for.
  std::string_view pass(std::string_view bytes);
  // The body was complete.
  void complete();
  // No response could be had; `condition` is a bit of config::NextUpstream.
  void note_failure(std::uint32_t condition) { failure_ = condition; }

  // What becomes of the request after forward().
  Verdict conclude(const Verdict& verdict);

 private:
  enum class Instead : std::uint8_t { nothing, stale, revalidated, refused };
  [[nodiscard]] bool may_use_stale(std::uint32_t condition) const;
  [[nodiscard]] bool asks_beyond_offset() const;
  [[nodiscard]] bool holds_any(const std::vector<config::TemplateText>& conditions);
  Found judge(cache::Outcome outcome, cache::Seconds now);
  Verdict answer_conditions(std::uint64_t size_bytes, std::size_t file_offset);
  void remember_validators();
  void renew_entry();
  void choose_part();
  void begin_fill(cache::Seconds now);
  void remember_error(std::uint16_t status, bool had_head);
  void report_problem();
  void set_status(std::string_view status);
  [[nodiscard]] bool offers_ranges() const;

  Exchange& exchange_;
  const LocationPlan& plan_;
  const config::CacheSettings& settings_;
  cache::Lookup lookup_;
  Place place_;
  bool cacheable_ = false;  // as far as is known, the response may be stored
  bool expired_ = false;    // there is an expired entry
  bool wants_update_ = false;
  bool watched_client_;
  std::uint32_t failure_ = 0;
  Instead instead_ = Instead::nothing;
  std::uint16_t refused_status_ = 0;
  cache::Freshness freshness_;  // of the upstream's response
  std::optional<cache::Fill> fill_;
  RangeCut cut_;  // of the response that is passed on
};

}  // namespace baton::proxy
