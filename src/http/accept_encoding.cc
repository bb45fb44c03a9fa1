// Reading Accept-Encoding.

#include "http/accept_encoding.h"

#include "base/text.h"

namespace baton::http {

namespace {

constexpr std::string_view gzip = "gzip";

// Takes leading white space off (RFC 9110 section 5.6.3: spaces and tabs).
void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

// "1", "0.5", "0.001" up to the next comma or space: is it a weight above zero?
bool is_positive_weight(std::string_view text) {
  text = text.substr(0, text.find_first_of(", \t"));
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return false;
  bool positive = text[0] == '1';
  if (text.size() == 1) return positive;
  const std::string_view digits = text.substr(2);
  if (text[1] != '.' || digits.size() > 3) return false;
  for (const char digit : digits) {
    if (!is_digit(digit) || (text[0] == '1' && digit != '0')) return false;
    positive = positive || digit != '0';
  }
  return positive;
}

// What follows the name: nothing, the next element, or a weight.
bool accepts_behind_name(std::string_view rest) {
  skip_spaces(rest);
  if (rest.empty() || rest[0] == ',') return true;
  if (rest[0] != ';') return false;
  rest.remove_prefix(1);
  skip_spaces(rest);
  if (rest.empty()) return true;
  if (to_lower(rest[0]) != 'q' || rest.size() < 3 || rest[1] != '=') return false;
  return is_positive_weight(rest.substr(2));
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  for (std::size_t at = 0; at + gzip.size() <= accept_encoding.size(); ++at) {
    if (!equals_ignoring_case(accept_encoding.substr(at, gzip.size()), gzip)) continue;
    // Not the end of another name ("x-gzip").
    const char before = at == 0 ? ',' : accept_encoding[at - 1];
    if (before != ',' && before != ' ' && before != '\t') continue;
    return accepts_behind_name(accept_encoding.substr(at + gzip.size()));
  }
  return false;
}

}  // namespace baton::http
