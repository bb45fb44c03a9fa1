// A request with several limit_req lines goes into all its buckets or into none: each is looked at
// first, the last one counts at once if it may, and then the others do.

#include "proxy/access/limit.h"

#include <fmt/format.h>

#include <span>
#include <string>

#include "config/model/limits.h"
#include "proxy/access/limit_zones.h"
#include "proxy/client/client_pause.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using config::LimitSettings;
using config::RequestLimit;

constexpr std::size_t key_bytes_max = 65535;

// The hash of the zone's key for this request; nullopt: the key is empty, nothing is limited.
std::optional<KeyHash> key_of(Exchange& exchange, std::uint32_t zone) {
  LimitZones& zones = *exchange.services.limits;
  const config::TemplateText& text = zones.zone(zone).key;
  std::string key;
  append_text(key, text, exchange.request);
  if (key.empty()) return std::nullopt;
  if (key.size() > key_bytes_max) {
    exchange.services.error_log.write(
        LogLevel::error, exchange.request,
        fmt::format("the value of the \"{}\" key is more than 65535 bytes: \"{}\"", text.source,
                    std::string_view(key).substr(0, 256)));
    return std::nullopt;
  }
  return zones.hash(zone, key);
}

std::string_view dry_run_words(bool dry_run) {
  return dry_run ? ", dry run" : "";
}

std::string excess_text(std::uint64_t milli) {
  return fmt::format("{}.{:03}", milli / 1000, milli % 1000);
}

// One step less urgent than a refusal.
LogLevel delay_level(LogLevel level) {
  return level == LogLevel::info ? level : static_cast<LogLevel>(static_cast<int>(level) + 1);
}

class RequestJudge {
 public:
  RequestJudge(Exchange& exchange, const LimitSettings& settings)
      : exchange_(exchange),
        settings_(settings),
        zones_(*exchange.services.limits),
        now_(exchange.loop().refresh_now()) {}

  struct Decision {
    LimitStatus status = LimitStatus::none;
    Duration delay = 0s;
  };

  Decision judge() {
    const std::size_t count = settings_.requests.size();
    for (std::size_t i = 0; i < count; ++i) {
      const RequestLimit& limit = settings_.requests[i];
      const auto key = key_of(exchange_, limit.zone);
      if (!key) continue;
      any_key_ = true;
      const bool last = i + 1 == count;
      const LimitZones::Fill fill = zones_.look(limit.zone, *key, now_, limit.burst_milli, last);
      if (fill.exceeded) return refuse(limit, fill.excess_milli);
      if (last) {
        consider(limit, fill.excess_milli);
      } else {
        looked_.push_back({&limit, *key});
      }
    }
    if (!any_key_) return {};
    for (const Looked& looked : looked_) {
      consider(*looked.limit, zones_.add(looked.limit->zone, looked.key, now_));
    }
    return delay_ > 0s ? delay() : Decision{LimitStatus::passed, 0s};
  }

 private:
  struct Looked {
    const RequestLimit* limit;
    KeyHash key;
  };

  // The longest delay counts.
  void consider(const RequestLimit& limit, std::uint64_t excess_milli) {
    if (excess_milli <= limit.delay_milli) return;
    const std::uint64_t over = excess_milli - limit.delay_milli;
    const auto needed = std::chrono::milliseconds(over * 1000 / zones_.zone(limit.zone).rate_milli);
    if (needed <= delay_) return;
    delay_ = needed;
    slowest_ = &limit;
    slowest_excess_ = excess_milli;
  }

  Decision refuse(const RequestLimit& limit, std::uint64_t excess_milli) {
    const config::LimitReaction& reaction = settings_.request_reaction;
    exchange_.services.error_log.write(
        reaction.level, exchange_.request,
        fmt::format("limiting requests{}, excess: {} by zone \"{}\"",
                    dry_run_words(reaction.dry_run), excess_text(excess_milli),
                    zones_.zone(limit.zone).name));
    return {reaction.dry_run ? LimitStatus::rejected_dry_run : LimitStatus::rejected, 0s};
  }

  Decision delay() {
    const config::LimitReaction& reaction = settings_.request_reaction;
    exchange_.services.error_log.write(
        delay_level(reaction.level), exchange_.request,
        fmt::format("delaying request{}, excess: {}, by zone \"{}\"",
                    dry_run_words(reaction.dry_run), excess_text(slowest_excess_),
                    zones_.zone(slowest_->zone).name));
    if (reaction.dry_run) return {LimitStatus::delayed_dry_run, 0s};
    return {LimitStatus::delayed, delay_};
  }

  Exchange& exchange_;
  const LimitSettings& settings_;
  LimitZones& zones_;
  Instant now_;
  std::vector<Looked> looked_;
  bool any_key_ = false;
  Duration delay_ = 0s;
  const RequestLimit* slowest_ = nullptr;
  std::uint64_t slowest_excess_ = 0;
};

// The connections that this request counts for are held by the main request.
Verdict limit_connections(Exchange& exchange, const LimitSettings& settings) {
  Exchange& main = exchange.outermost();
  LimitZones& zones = *exchange.services.limits;
  const config::LimitReaction& reaction = settings.connection_reaction;
  LimitStatus& status = main.request.limit_conn_status;
  for (const config::ConnectionLimit& limit : settings.connections) {
    const auto key = key_of(exchange, limit.zone);
    if (!key) continue;
    status = LimitStatus::passed;
    const LimitZones::Entry entry = zones.enter(limit.zone, *key, limit.connections);
    if (entry == LimitZones::Entry::entered) {
      main.held_connections.add(zones, limit.zone, *key);
      continue;
    }
    if (entry == LimitZones::Entry::exceeded) {
      exchange.services.error_log.write(
          reaction.level, exchange.request,
          fmt::format("limiting connections{} by zone \"{}\"", reaction.dry_run ? ", dry run," : "",
                      zones.zone(limit.zone).name));
    }
    main.held_connections.release();
    status = reaction.dry_run ? LimitStatus::rejected_dry_run : LimitStatus::rejected;
    return reaction.dry_run ? Verdict::proceed() : Verdict::error(reaction.status);
  }
  return Verdict::proceed();
}

}  // namespace

runtime::Task<Verdict> limit(Exchange& exchange) {
  const LimitSettings& settings = *exchange.request.location->limits;
  Request& main = exchange.outermost().request;
  if (!settings.requests.empty() && main.limit_req_status == LimitStatus::none) {
    const auto decision = RequestJudge(exchange, settings).judge();
    main.limit_req_status = decision.status;
    if (decision.status == LimitStatus::rejected) {
      co_return Verdict::error(settings.request_reaction.status);
    }
    if (decision.delay > 0s) {
      const bool stayed = co_await pause(exchange, decision.delay);
      if (!stayed) co_return client_went_away(exchange);
    }
  }
  if (!settings.connections.empty() && main.limit_conn_status == LimitStatus::none) {
    co_return limit_connections(exchange, settings);
  }
  co_return Verdict::proceed();
}

}  // namespace baton::proxy
