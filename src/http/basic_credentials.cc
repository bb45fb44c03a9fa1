// Cutting at the colon.

#include "http/basic_credentials.h"

#include "base/base64.h"
#include "base/text.h"

namespace baton::http {

std::optional<BasicCredentials> parse_basic_credentials(std::string_view value) {
  constexpr std::string_view scheme = "Basic ";
  if (!equals_ignoring_case(value.substr(0, scheme.size()), scheme)) return std::nullopt;
  value.remove_prefix(scheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  const auto pair = decode_base64(value);
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  return BasicCredentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

}  // namespace baton::http
