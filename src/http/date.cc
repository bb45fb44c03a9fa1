// Reading and writing HTTP dates by hand: no locale, no time zone data.

#include "http/date.h"

#include <cstring>

#include "base/text.h"

namespace baton::http {

namespace {

namespace chrono = std::chrono;

constexpr std::string_view day_names = "SunMonTueWedThuFriSat";
constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

char* put(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

char* put_two(char* at, unsigned number) {
  *at++ = static_cast<char>('0' + number / 10 % 10);
  *at++ = static_cast<char>('0' + number % 10);
  return at;
}

// Takes the parts of a date off the front of its text; once one is missing, none is found.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  bool skip(std::string_view part) {
    if (!text_.starts_with(part)) return ok_ = false;
    text_.remove_prefix(part.size());
    return true;
  }
  void skip_letters() {
    while (!text_.empty() && to_lower(text_[0]) >= 'a' && to_lower(text_[0]) <= 'z') {
      text_.remove_prefix(1);
    }
  }
  [[nodiscard]] bool starts_with(char c) const { return text_.starts_with(c); }
  // `digits` digits; with `padded`, a blank may stand for the first.
  int number(std::size_t digits, bool padded = false) {
    if (text_.size() < digits) return fail();
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (padded && i == 0 && text_[0] == ' ') continue;
      if (!is_digit(text_[i])) return fail();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  // 1 ... 12
  unsigned month() {
    const auto found =
        text_.size() < 3 ? std::string_view::npos : month_names.find(text_.substr(0, 3));
    if (found == std::string_view::npos || found % 3 != 0) return static_cast<unsigned>(fail());
    text_.remove_prefix(3);
    return static_cast<unsigned>(found / 3 + 1);
  }
  Duration time_of_day() {
    const int hours = number(2);
    skip(":");
    const int minutes = number(2);
    skip(":");
    const int seconds = number(2);
    if (hours > 23 || minutes > 59 || seconds > 60) ok_ = false;
    return chrono::hours(hours) + chrono::minutes(minutes) + chrono::seconds(seconds);
  }
  [[nodiscard]] bool at_end() const { return ok_ && text_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }
  std::string_view text_;
  bool ok_ = true;
};

std::optional<WallTime> assemble(const DateReader& reader, int year, unsigned month, int day,
                                 Duration time_of_day) {
  const chrono::year_month_day date{chrono::year(year), chrono::month(month),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!reader.at_end() || !date.ok()) return std::nullopt;
  // Instants of 64-bit nanoseconds end in the year 2262.
  if (year < 1700 || year > 2261) return std::nullopt;
  return chrono::sys_days(date) + time_of_day;
}

}  // namespace

DateText format_date(WallTime time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::seconds>(time - day));
  const std::size_t month = static_cast<unsigned>(date.month());
  const std::size_t weekday = chrono::weekday(day).c_encoding();
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  DateText text;
  char* at = text.characters.data();
  at = put(at, day_names.substr(weekday * 3, 3));
  at = put(at, ", ");
  at = put_two(at, static_cast<unsigned>(date.day()));
  at = put(at, " ");
  at = put(at, month_names.substr((month - 1) * 3, 3));
  at = put(at, " ");
  at = put_two(at, year / 100);
  at = put_two(at, year % 100);
  at = put(at, " ");
  at = put_two(at, static_cast<unsigned>(clock.hours().count()));
  at = put(at, ":");
  at = put_two(at, static_cast<unsigned>(clock.minutes().count()));
  at = put(at, ":");
  at = put_two(at, static_cast<unsigned>(clock.seconds().count()));
  put(at, " GMT");
  return text;
}

std::optional<WallTime> parse_date(std::string_view text) {
  DateReader reader(text);
  reader.skip_letters();  // the day of the week says nothing that the date does not
  if (!reader.starts_with(',')) {
    // Sun Nov  6 08:49:37 1994
    reader.skip(" ");
    const unsigned month = reader.month();
    reader.skip(" ");
    const int day = reader.number(2, true);
    reader.skip(" ");
    const Duration time_of_day = reader.time_of_day();
    reader.skip(" ");
    const int year = reader.number(4);
    return assemble(reader, year, month, day, time_of_day);
  }
  reader.skip(", ");
  const int day = reader.number(2);
  const bool old_form = reader.starts_with('-');
  const std::string_view separator = old_form ? "-" : " ";
  reader.skip(separator);
  const unsigned month = reader.month();
  reader.skip(separator);
  int year = reader.number(old_form ? 2 : 4);
  // RFC 850 has two digits: as nginx, 70 to 99 are of the last century.
  if (old_form) year += year < 70 ? 2000 : 1900;
  reader.skip(" ");
  const Duration time_of_day = reader.time_of_day();
  reader.skip(" GMT");
  return assemble(reader, year, month, day, time_of_day);
}

}  // namespace baton::http
