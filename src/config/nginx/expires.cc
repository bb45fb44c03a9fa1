// Reading `expires`.

#include "config/nginx/expires.h"

#include "config/nginx/value.h"

namespace baton::config::nginx {

ExpiresReading parse_expires(std::string_view text, bool modified) {
  using Kind = Expires::Kind;
  if (!modified) {
    if (text == "epoch") return {Expires{Kind::epoch, 0s}, {}};
    if (text == "max") return {Expires{Kind::max, 0s}, {}};
    if (text == "off") return {Expires{Kind::off, 0s}, {}};
  }
  Expires expires{modified ? Kind::modified : Kind::after, 0s};
  bool negative = false;
  if (text.starts_with('@')) {
    text.remove_prefix(1);
    if (modified) return {std::nullopt, "daily time cannot be used with \"modified\" parameter"};
    expires.kind = Kind::daily;
  } else if (text.starts_with('+') || text.starts_with('-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const auto time = parse_seconds(text);
  if (!time) return {std::nullopt, "invalid value"};
  if (expires.kind == Kind::daily && *time > 24h) {
    return {std::nullopt, "daily time value must be less than 24 hours"};
  }
  expires.time = negative ? -*time : *time;
  return {expires, {}};
}

}  // namespace baton::config::nginx
