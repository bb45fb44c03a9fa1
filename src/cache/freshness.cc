// Reading the headers that steer caches.

#include "cache/freshness.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "http/date.h"

namespace baton::cache {

namespace {

using http::HeaderId;

constexpr Seconds seconds_max = Seconds{1} << 40;

// Where `word` (lower case) begins in `text`, in any case.
std::size_t find_word(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return to_lower(a) == b; };
  const auto at = std::search(text.begin(), text.end(), word.begin(), word.end(), same);
  return at == text.end() ? std::string_view::npos : static_cast<std::size_t>(at - text.begin());
}

struct Delta {
  bool said = false;
  bool readable = true;
  Seconds seconds = 0;
};

// The number behind `name` ("max-age="), up to the next separator.
Delta find_delta(std::string_view value, std::string_view name) {
  const std::size_t at = find_word(value, name);
  Delta delta;
  if (at == std::string_view::npos) return delta;
  delta.said = true;
  for (const char c : value.substr(at + name.size())) {
    if (c == ',' || c == ';' || c == ' ') break;
    if (!is_digit(c)) {
      delta.readable = false;
      return delta;
    }
    delta.seconds = std::min(delta.seconds * 10 + (c - '0'), seconds_max);
  }
  return delta;
}

// What several headers together say; the flags are judged when all have been read.
class Reading {
 public:
  Reading(std::uint32_t ignored, Seconds now) : ignored_(ignored), now_(now) {}

  void accel_expires(std::string_view value) {
    const bool absolute = value.starts_with('@');
    const auto number = parse_unsigned(value.substr(absolute ? 1 : 0), seconds_max);
    if (!number) return;
    const auto seconds = static_cast<Seconds>(*number);
    if (!absolute && seconds == 0) {
      result_.cacheable = false;
      return;
    }
    result_.valid_until = absolute ? seconds : now_ + seconds;
    decided_ = result_.valid_until != 0;
  }

  void cache_control(std::string_view value) {
    if (!decided_) lifetime(value);
    const Delta revalidate = find_delta(value, "stale-while-revalidate=");
    if (revalidate.said && revalidate.readable) {
      result_.updating_seconds = revalidate.seconds;
      result_.error_seconds = revalidate.seconds;
    }
    const Delta error = find_delta(value, "stale-if-error=");
    if (error.said && error.readable) result_.error_seconds = error.seconds;
  }

  void expires(std::string_view value) {
    if (decided_ || age_said_ || forbidden_) return;
    const auto date = http::parse_date(value);
    const Seconds until =
        date ? std::chrono::floor<std::chrono::seconds>(*date).time_since_epoch().count() : 0;
    if (!date || until < now_) {
      forbidden_ = true;
    } else {
      result_.valid_until = until;
    }
  }

  void vary(std::string_view value) {
    if (!result_.vary.empty()) result_.vary.append(", ");
    result_.vary.append(value);
    if (value == "*" || result_.vary.size() > vary_bytes_max) result_.cacheable = false;
  }

  Freshness take() {
    if (forbidden_ && !decided_) result_.cacheable = false;
    return std::move(result_);
  }
  Freshness& result() { return result_; }
  [[nodiscard]] bool heeds(std::uint32_t header) const { return (ignored_ & header) == 0; }

 private:
  void lifetime(std::string_view value) {
    constexpr auto none = std::string_view::npos;
    if (find_word(value, "no-cache") != none || find_word(value, "no-store") != none ||
        find_word(value, "private") != none) {
      forbidden_ = true;
      return;
    }
    Delta age = find_delta(value, "s-maxage=");
    if (!age.said) age = find_delta(value, "max-age=");
    if (!age.said) return;
    if (!age.readable) {
      result_.cacheable = false;
      return;
    }
    age_said_ = true;
    if (age.seconds == 0) {
      forbidden_ = true;
      return;
    }
    result_.valid_until = now_ + age.seconds;
  }

  std::uint32_t ignored_;
  Seconds now_;
  Freshness result_;
  bool decided_ = false;    // by X-Accel-Expires: the others say nothing any more
  bool age_said_ = false;   // by Cache-Control: Expires says nothing any more
  bool forbidden_ = false;  // by Cache-Control or Expires
};

template <typename Visit>
void each(const http::HeaderTable& headers, HeaderId id, Visit visit) {
  for (const http::Header* line = headers.find(id); line != nullptr; line = headers.next(*line)) {
    visit(line->value);
  }
}

}  // namespace

Freshness judge_freshness(const http::HeaderTable& headers, std::uint32_t ignored, Seconds now) {
  Reading reading(ignored, now);
  if (headers.has(HeaderId::set_cookie) && reading.heeds(config::ignore_set_cookie)) {
    reading.result().cacheable = false;
  }
  // Of several lines the first counts.
  if (reading.heeds(config::ignore_x_accel_expires) && headers.has(HeaderId::x_accel_expires)) {
    reading.accel_expires(headers.value(HeaderId::x_accel_expires));
  }
  if (reading.heeds(config::ignore_cache_control)) {
    each(headers, HeaderId::cache_control, [&](auto value) { reading.cache_control(value); });
  }
  if (reading.heeds(config::ignore_expires) && headers.has(HeaderId::expires)) {
    reading.expires(headers.value(HeaderId::expires));
  }
  if (reading.heeds(config::ignore_vary)) {
    each(headers, HeaderId::vary, [&](auto value) { reading.vary(value); });
  }
  return reading.take();
}

Seconds configured_validity(const config::CacheSettings& settings, std::uint16_t status) {
  for (const config::CacheValid& valid : settings.valid) {
    if (valid.status == 0 || valid.status == status) return to_ms(valid.time) / 1000;
  }
  return 0;
}

}  // namespace baton::cache
