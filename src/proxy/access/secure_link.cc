// Checking links that carry an MD5 of themselves.

#include "proxy/access/secure_link.h"

#include <array>
#include <optional>

#include "base/base64.h"
#include "base/md5.h"
#include "base/text.h"
#include "config/model/secure_link.h"
#include "proxy/variables/variables.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

constexpr std::size_t hash_text_max = 24;

struct Link {
  std::string text;
  std::string_view hash;
  std::string_view expires;
};

// The configured text, cut at its comma. False: there is none, or its time is no time.
bool read_link(Link& link, const Request& request) {
  const auto* settings = request.location->secure_link.get();
  if (settings == nullptr || !settings->link || !settings->md5) return false;
  append_text(link.text, *settings->link, request);
  const std::string_view text = link.text;
  const std::size_t comma = text.find(',');
  link.hash = text.substr(0, comma);
  if (comma == std::string_view::npos) return true;
  link.expires = text.substr(comma + 1);
  return parse_unsigned(link.expires, INT64_MAX).value_or(0) > 0;
}

bool has_expired(std::string_view expires) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(runtime::wall_now().time_since_epoch());
  return !expires.empty() &&
         parse_unsigned(expires, INT64_MAX).value_or(0) < static_cast<std::uint64_t>(now.count());
}

// "/prefix/HASH/link": the link, when HASH is that of the link and the secret behind it.
bool append_old_link(std::string& into, const Request& request, const std::string& secret) {
  const std::string_view uri = request.raw_uri;
  const std::size_t first = uri.find('/', 1);
  if (first == std::string_view::npos) return false;
  const std::size_t second = uri.find('/', first + 1);
  if (second == std::string_view::npos) return false;
  const std::string_view hash = uri.substr(first + 1, second - first - 1);
  const std::string_view link = uri.substr(second + 1);
  const auto digest = md5({link, secret});
  if (hash.size() != 2 * digest.size() || link.empty()) return false;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    if (hex_value(hash[2 * i]) << 4 != (digest[i] & 0xf0)) return false;
    if (hex_value(hash[2 * i + 1]) != (digest[i] & 0x0f)) return false;
  }
  into += link;
  return true;
}

}  // namespace

bool append_secure_link(std::string& into, const Request& request) {
  const auto* settings = request.location->secure_link.get();
  if (settings != nullptr && !settings->secret.empty()) {
    return append_old_link(into, request, settings->secret);
  }
  Link link;
  if (!read_link(link, request) || link.hash.size() > hash_text_max) return false;
  const auto hash = decode_base64_url(link.hash);
  std::string hashed;
  append_text(hashed, *settings->md5, request);
  const auto digest = md5(std::string_view(hashed));
  if (!hash || hash->size() != digest.size()) return false;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    if (static_cast<std::uint8_t>((*hash)[i]) != digest[i]) return false;
  }
  into += has_expired(link.expires) ? '0' : '1';
  return true;
}

bool append_secure_link_expires(std::string& into, const Request& request) {
  Link link;
  if (!read_link(link, request) || link.expires.empty()) return false;
  into += link.expires;
  return true;
}

}  // namespace baton::proxy
