// Tables of bytes, and UTF-8 in either direction.

#include "proxy/filters/charset_filter.h"

#include <fmt/format.h>

#include <utility>

#include "config/model/headers.h"
#include "http/utf8.h"
#include "proxy/response/added_headers.h"

namespace baton::proxy {

Status CharsetFilter::filter(std::string_view input, BodyPart part, std::string& output) {
  const config::CharsetMap& map = *recoding_.map;
  if (map.is_to_utf8 && recoding_.backwards) {
    if (cut_.empty()) {
      from_utf8(input, output);
    } else {
      const std::string joined = std::exchange(cut_, {}).append(input);
      from_utf8(joined, output);
    }
    if (part == BodyPart::last && !std::exchange(cut_, {}).empty()) output += map.unknown;
    return Status{};
  }
  for (const char c : input) {
    const auto byte = static_cast<unsigned char>(c);
    if (map.is_to_utf8) {
      output += map.sequences[byte];
    } else {
      output += recoding_.backwards ? map.back[byte] : map.forth[byte];
    }
  }
  return Status{};
}

void CharsetFilter::from_utf8(std::string_view input, std::string& output) {
  using Kind = http::Utf8Character::Kind;
  const config::CharsetMap& map = *recoding_.map;
  while (!input.empty()) {
    const http::Utf8Character character = http::decode_utf8(input);
    if (character.kind == Kind::cut) {
      cut_ = input;
      return;
    }
    input.remove_prefix(character.bytes);
    if (character.kind == Kind::broken) {
      output += map.unknown;
    } else if (character.number < 0x80) {
      output += static_cast<char>(character.number);
    } else if (const auto found = map.bytes_of.find(character.number);
               found != map.bytes_of.end()) {
      output += found->second;
    } else {
      fmt::format_to(std::back_inserter(output), "&#{};",
                     static_cast<std::uint32_t>(character.number));
    }
  }
}

config::Recoding recoding_of(const Request& request) {
  const config::HeaderSettings* settings = request.location->headers.get();
  if (!settings || settings->charset_maps.empty()) return {};
  const std::string_view charset = charset_of(request.response.content_type);
  const std::string_view source = source_charset_of(request);
  if (charset.empty() || source.empty() || equals_ignoring_case(source, charset)) return {};
  return config::find_recoding(settings->charset_maps, source, charset);
}

}  // namespace baton::proxy
