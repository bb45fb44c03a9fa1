// Known header names: the table and its perfect hash. The hash multipliers are searched for by the
// compiler, so a name added to the table needs nothing else.

#include "http/header_name.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/text.h"

namespace baton::http {

constexpr std::array<std::string_view, header_id_count> table = {
    "",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Accept-Ranges",
    "Age",
    "Allow",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Cookie",
    "Date",
    "ETag",
    "Expect",
    "Expires",
    "Forwarded",
    "From",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Keep-Alive",
    "Last-Modified",
    "Link",
    "Location",
    "Max-Forwards",
    "Origin",
    "Pragma",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Range",
    "Referer",
    "Refresh",
    "Retry-After",
    "Server",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "X-Accel-Buffering",
    "X-Accel-Charset",
    "X-Accel-Expires",
    "X-Accel-Limit-Rate",
    "X-Accel-Redirect",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Pad",
    "X-Real-IP",
    "X-Request-ID",
};

constexpr std::array<std::string_view, header_id_count> header_names = table;

namespace {

constexpr std::size_t slots = 512;

// Length, first, middle and last character tell all known names apart.
constexpr std::size_t hash(std::string_view name, std::uint32_t multiplier) {
  const auto at = [name](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i]) | 0x20u);
  };
  std::uint32_t value = static_cast<std::uint32_t>(name.size());
  value = value * multiplier + at(0);
  value = value * multiplier + at(name.size() / 2);
  value = value * multiplier + at(name.size() - 1);
  return (value * 0x9e3779b1u) >> 23;
}

constexpr bool is_perfect(std::uint32_t multiplier) {
  std::array<bool, slots> taken{};
  for (std::size_t i = 1; i < table.size(); ++i) {
    const std::size_t slot = hash(table[i], multiplier);
    if (taken[slot]) return false;
    taken[slot] = true;
  }
  return true;
}

constexpr std::uint32_t find_multiplier() {
  for (std::uint32_t multiplier = 3; multiplier < 20000; multiplier += 2) {
    if (is_perfect(multiplier)) return multiplier;
  }
  return 0;
}

constexpr std::uint32_t multiplier = find_multiplier();
static_assert(multiplier != 0, "no perfect hash found: enlarge `slots`");

constexpr std::array<std::uint8_t, slots> make_slots() {
  std::array<std::uint8_t, slots> result{};
  for (std::size_t i = 1; i < table.size(); ++i) {
    result[hash(table[i], multiplier)] = static_cast<std::uint8_t>(i);
  }
  return result;
}

constexpr std::array<std::uint8_t, slots> slot_table = make_slots();

static_assert(std::ranges::all_of(std::span(table).subspan<1>(),
                                  [](std::string_view name) { return name.size() >= 2; }));

// Texts of one length are compared word by word; the last words of both may overlap the ones
// before.
template <typename Word>
Word load(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Setting bit 5 folds letters; no other token character can meet a letter, digit or hyphen.
template <typename Word>
constexpr Word fold = static_cast<Word>(0xdfdfdfdfdfdfdfdfULL);

template <typename Word>
bool equal_at(std::string_view a, std::string_view b, std::size_t position) {
  return ((load<Word>(a.data() + position) ^ load<Word>(b.data() + position)) & fold<Word>) == 0;
}

bool equal_folded(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      if (!equal_at<std::uint64_t>(a, b, at)) return false;
    }
    return equal_at<std::uint64_t>(a, b, size - 8);
  }
  if (size >= 4) return equal_at<std::uint32_t>(a, b, 0) && equal_at<std::uint32_t>(a, b, size - 4);
  return equal_at<std::uint16_t>(a, b, 0) && equal_at<std::uint16_t>(a, b, size - 2);
}

}  // namespace

HeaderId find_header_id(std::string_view name) {
  if (name.size() < 2) return HeaderId::unknown;
  const std::uint8_t candidate = slot_table[hash(name, multiplier)];
  const std::string_view known = table[candidate];
  if (known.size() != name.size() || !equal_folded(name, known)) return HeaderId::unknown;
  return static_cast<HeaderId>(candidate);
}

}  // namespace baton::http
