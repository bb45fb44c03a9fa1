// set_real_ip_from and its family.

#include "config/model/real_ip.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/nginx/edit.h"
#include "config/nginx/networks.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

BATON_TOPIC_SETTINGS(RealIpSettings, real_ip)

namespace baton::config::nginx {

namespace {

void read_set_real_ip_from(Reader& reader, const Directive& directive) {
  RealIpSettings& settings = edit(reader.level().location.real_ip);
  if (reader.first_on_level()) {
    settings.trusted.clear();
    settings.trusts_unix = false;
  }
  const std::string& word = directive.word(1);
  if (word == "unix:") {
    settings.trusts_unix = true;
    return;
  }
  if (net::Prefix::parse(word) || word.find('/') != std::string::npos) {
    if (const auto network = parse_network(reader, directive, 1)) {
      settings.trusted.push_back(*network);
    }
    return;
  }
  const auto addresses = reader.find_host(parse_address(word, AddressUse::upstream));
  if (addresses.empty()) {
    return reader.error(directive, 1,
                        fmt::format("host not found in set_real_ip_from \"{}\"", word));
  }
  for (const net::IpAddress& address : addresses) {
    const auto length = static_cast<std::uint8_t>(address.bytes().size() * 8);
    settings.trusted.push_back({address, length});
  }
}

void read_real_ip_header(Reader& reader, const Directive& directive) {
  using Source = RealIpSettings::Source;
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  RealIpSettings& settings = edit(reader.level().location.real_ip);
  settings.header = lowered(directive.word(1));
  settings.source = settings.header == "x-forwarded-for"    ? Source::x_forwarded_for
                    : directive.word(1) == "proxy_protocol" ? Source::proxy_protocol
                                                            : Source::header;
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("set_real_ip_from", hsl, take1, read_set_real_ip_from),
    supported("real_ip_header", hsl, take1, read_real_ip_header),
    supported("real_ip_recursive", hsl, take_switch, set_switch<&RealIpSettings::recursive>),
};

}  // namespace

std::span<const Rule> real_ip_rules() {
  return rules;
}

}  // namespace baton::config::nginx
