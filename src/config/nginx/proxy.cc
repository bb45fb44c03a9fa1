// proxy_pass and its family. What the model's ProxyPass says about headers is filled in here as
// nginx does it: the user's proxy_set_header lines, then `Host $proxy_host` unless they set it;
// responses lose nginx's own list of headers plus proxy_hide_header less proxy_pass_header.

#include "config/nginx/proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "config/model/proxy_buffering.h"
#include "config/nginx/edit.h"
#include "config/nginx/endpoint.h"
#include "config/nginx/file_access_values.h"
#include "config/nginx/proxy_cache.h"
#include "config/nginx/setters.h"
#include "config/nginx/temporary_path.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint64_t buffer_bytes_max = 1U << 30;

constexpr std::array<std::string_view, 8> headers_hidden_always{"date",
                                                                "server",
                                                                "x-pad",
                                                                "x-accel-expires",
                                                                "x-accel-redirect",
                                                                "x-accel-limit-rate",
                                                                "x-accel-buffering",
                                                                "x-accel-charset"};

bool may_have_uri(const Level& level) {
  using Match = Location::Match;
  const Match match = level.location.match;
  return level.context == in_location && match != Match::regex && match != Match::regex_no_case &&
         match != Match::named;
}

void set_upstream(Reader& reader, const Directive& directive, const AddressText& text) {
  ProxyPass& proxy = reader.level().proxy;
  proxy.url.reset();
  proxy.port = text.port.value_or(http_port);
  if (!text.unix_path.empty()) {
    proxy.host_header = "localhost";
  } else if (proxy.port == http_port) {
    proxy.host_header = text.host;
  } else {
    proxy.host_header = fmt::format("{}:{}", text.host, proxy.port);
  }
  if (text.uri.empty()) {
    proxy.uri.reset();
  } else {
    proxy.uri = text.uri.starts_with('/') ? text.uri : "/" + text.uri;
  }
  ProxyLine line;
  line.directive = &directive;
  line.proxy = std::make_shared<ProxyPass>();
  line.host = text.unix_path.empty() ? text.host : "unix:" + text.unix_path;
  line.port = text.port;
  reader.level().location.proxy = line.proxy;
  reader.proxy_lines.push_back(std::move(line));
}

void read_proxy_pass(Reader& reader, const Directive& directive) {
  constexpr std::string_view scheme = "http://";
  if (!reader.first_on_level() || reader.level().location.fastcgi_pass) {
    return reader.directive_error(directive, 0, "is duplicate");
  }
  const std::string& url = directive.word(1);
  if (has_variables(url)) {
    ProxyLine line;
    line.directive = &directive;
    line.proxy = std::make_shared<ProxyPass>();
    reader.level().proxy.url = reader.compile(directive, 1);
    reader.level().location.proxy = line.proxy;
    return reader.proxy_lines.push_back(std::move(line));
  }
  if (lowered(url.substr(0, 8)) == "https://") {
    return reader.error(directive, 1,
                        "\"https://\" in \"proxy_pass\" is not supported by baton yet");
  }
  if (!equals_ignoring_case(std::string_view(url).substr(0, scheme.size()), scheme)) {
    return reader.error(directive, 1, "invalid URL prefix");
  }
  const AddressText text =
      parse_address(std::string_view(url).substr(scheme.size()), AddressUse::proxy_pass);
  if (!text.problem.empty()) {
    return reader.error(
        directive, 1,
        fmt::format("{} in upstream \"{}\"", text.problem, url.substr(scheme.size())));
  }
  if (!text.uri.empty() && !may_have_uri(reader.level())) {
    return reader.error(directive, 1,
                        "\"proxy_pass\" cannot have URI part in location given by regular "
                        "expression, or inside named location, or inside \"if\" statement, or "
                        "inside \"limit_except\" block");
  }
  set_upstream(reader, directive, text);
}

void read_proxy_set_header(Reader& reader, const Directive& directive) {
  auto& headers = reader.level().proxy.set_headers;
  if (reader.first_on_level()) headers.clear();
  headers.push_back({directive.word(1), reader.compile(directive, 2), false});
}

void read_proxy_hide_header(Reader& reader, const Directive& directive) {
  auto& names = reader.level().hidden;
  if (reader.first_on_level()) names.clear();
  names.push_back(lowered(directive.word(1)));
}

void read_proxy_pass_header(Reader& reader, const Directive& directive) {
  auto& names = reader.level().passed;
  if (reader.first_on_level()) names.clear();
  names.push_back(lowered(directive.word(1)));
}

void read_proxy_http_version(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, int>, 3> choices{
      {{"1.0", 10}, {"1.1", 11}, {"2", 20}}};
  const auto version = choose(reader, directive, 1, choices);
  if (!version) return;
  if (*version == 20) {
    return reader.error(directive, 1, "\"proxy_http_version 2\" is not supported by baton yet");
  }
  reader.level().proxy.http_1_1 = *version == 11;
}

void read_proxy_buffer_size(Reader& reader, const Directive& directive) {
  const auto size = parse_size(directive.word(1));
  if (!size || *size > buffer_bytes_max) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  Level& level = reader.level();
  level.proxy.buffer_size_bytes = level.proxy_head_bytes = *size;
  level.proxy_buffers = &directive;
}

void read_proxy_buffers(Reader& reader, const Directive& directive) {
  const auto count = parse_number(directive.word(1));
  if (!count || *count == 0 || *count > 65536) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  const auto size = parse_size(directive.word(2));
  if (!size || *size == 0 || *size > buffer_bytes_max) {
    return reader.directive_error(directive, 2, "invalid value");
  }
  if (*count < 2) {
    return reader.error(directive, 1, "there must be at least 2 \"proxy_buffers\"");
  }
  Level& level = reader.level();
  level.proxy_buffer_count = *count;
  level.proxy_buffer_bytes = *size;
  level.proxy.buffers_bytes = *count * *size;
  level.proxy_buffers = &directive;
}

void read_proxy_busy_buffers_size(Reader& reader, const Directive& directive) {
  const auto size = parse_size(directive.word(1));
  if (!size) return reader.directive_error(directive, 1, "invalid value");
  reader.level().busy_bytes = size;
  reader.level().proxy_buffers = &directive;
}

void read_proxy_temp_path(Reader& reader, const Directive& directive) {
  auto temporary = parse_temporary_path(reader, directive);
  if (temporary) edit(reader.level().location.proxy_buffering).temporary = std::move(*temporary);
}

void read_proxy_max_temp_file_size(Reader& reader, const Directive& directive) {
  const auto size = parse_size(directive.word(1));
  if (!size) return reader.directive_error(directive, 1, "invalid value");
  edit(reader.level().location.proxy_buffering).temporary_bytes_max = *size;
}

void read_proxy_next_upstream(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 13> choices{
      {{"error", next_on_error},
       {"timeout", next_on_timeout},
       {"invalid_header", next_on_invalid_header},
       {"non_idempotent", next_non_idempotent},
       {"http_500", next_on_http_500},
       {"http_502", next_on_http_502},
       {"http_503", next_on_http_503},
       {"http_504", next_on_http_504},
       {"http_403", next_on_http_403},
       {"http_404", next_on_http_404},
       {"http_429", next_on_http_429},
       {"updating", 0},
       {"off", 0}}};
  std::uint32_t conditions = 0;
  bool off = false;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const auto condition = choose(reader, directive, i, choices);
    if (!condition) return;
    conditions |= *condition;
    off = off || directive.word(i) == "off";
  }
  reader.level().proxy.next_upstream = off ? 0 : conditions;
}

std::vector<std::string> hidden_headers(const Level& level) {
  std::vector<std::string> names(headers_hidden_always.begin(), headers_hidden_always.end());
  names.insert(names.end(), level.hidden.begin(), level.hidden.end());
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::find(level.passed, name) != level.passed.end();
  });
  return names;
}

}  // namespace

void check_proxy_buffers(Reader& reader, const Level& level) {
  if (level.proxy_buffers == nullptr) return;
  const std::size_t largest = std::max(level.proxy_head_bytes, level.proxy_buffer_bytes);
  const std::size_t busy = level.busy_bytes.value_or(2 * largest);
  if (busy < largest) {
    return reader.error(
        *level.proxy_buffers, 0,
        "\"proxy_busy_buffers_size\" must be equal to or greater than the maximum of the value of "
        "\"proxy_buffer_size\" and one of the \"proxy_buffers\"");
  }
  if (busy > (level.proxy_buffer_count - 1) * level.proxy_buffer_bytes) {
    reader.error(*level.proxy_buffers, 0,
                 "\"proxy_busy_buffers_size\" must be less than the size of all \"proxy_buffers\" "
                 "minus one buffer");
  }
}

void finish_proxy(Reader& reader, Level& level) {
  if (!level.location.proxy) return;
  ProxyLine& line = reader.proxy_lines.back();
  BATON_ASSERT(line.proxy == level.location.proxy);
  ProxyPass& proxy = *line.proxy;
  proxy = level.proxy;
  // How the body is framed is not for the configuration to say.
  std::erase_if(proxy.set_headers, [](const HeaderLine& header) {
    return equals_ignoring_case(header.name, "content-length") ||
           equals_ignoring_case(header.name, "transfer-encoding");
  });
  const bool sets_host = std::ranges::any_of(proxy.set_headers, [](const HeaderLine& header) {
    return equals_ignoring_case(header.name, "host");
  });
  if (!sets_host) {
    proxy.set_headers.push_back(
        {"Host", reader.compile_text(*line.directive, 0, "$proxy_host"), false});
  }
  proxy.hide_headers = hidden_headers(level);
  proxy.pass_headers = level.passed;
}

namespace {

constexpr auto hsl = in_http_server_location;
constexpr auto no_tls = "\"https://\" upstreams are not offered yet";

constexpr Rule rules[] = {
    supported("proxy_pass", in_location | in_location_if | in_limit_except, take1, read_proxy_pass),
    supported("proxy_set_header", hsl, take2, read_proxy_set_header),
    supported("proxy_hide_header", hsl, take1, read_proxy_hide_header),
    supported("proxy_pass_header", hsl, take1, read_proxy_pass_header),
    supported("proxy_http_version", hsl, take1, read_proxy_http_version, Value::text),
    supported("proxy_pass_request_headers", hsl, take_switch,
              set_switch<&ProxyPass::pass_request_headers>),
    supported("proxy_pass_request_body", hsl, take_switch,
              set_switch<&ProxyPass::pass_request_body>),
    supported("proxy_buffering", hsl, take_switch, set_switch<&ProxyPass::buffering>),
    supported("proxy_ignore_client_abort", hsl, take_switch,
              set_switch<&ProxyPass::ignore_client_abort>),
    supported("proxy_temp_path", hsl, take1234, read_proxy_temp_path, Value::text),
    supported("proxy_max_temp_file_size", hsl, take1, read_proxy_max_temp_file_size, Value::size),
    no_effect("proxy_temp_file_write_size", hsl, take1, Value::size,
              "a file is written in the pieces that were read"),
    supported("proxy_request_buffering", hsl, take_switch,
              set_switch<&ProxyPass::request_buffering>),
    supported("proxy_buffer_size", hsl, take1, read_proxy_buffer_size, Value::size),
    supported("proxy_buffers", hsl, take2, read_proxy_buffers, Value::buffers),
    supported("proxy_busy_buffers_size", hsl, take1, read_proxy_busy_buffers_size, Value::size),
    supported("proxy_connect_timeout", hsl, take1, set_milliseconds<&ProxyPass::connect_timeout>,
              Value::milliseconds),
    supported("proxy_send_timeout", hsl, take1, set_milliseconds<&ProxyPass::send_timeout>,
              Value::milliseconds),
    supported("proxy_read_timeout", hsl, take1, set_milliseconds<&ProxyPass::read_timeout>,
              Value::milliseconds),
    supported("proxy_next_upstream", hsl, take1_or_more, read_proxy_next_upstream),
    supported("proxy_next_upstream_tries", hsl, take1, set_number<&ProxyPass::next_upstream_tries>,
              Value::number),
    supported("proxy_next_upstream_timeout", hsl, take1,
              set_milliseconds<&ProxyPass::next_upstream_timeout>, Value::milliseconds),
    supported("proxy_intercept_errors", hsl, take_switch, set_switch<&ProxyPass::intercept_errors>),

    no_effect("proxy_headers_hash_max_size", hsl, take1, Value::number),
    no_effect("proxy_headers_hash_bucket_size", hsl, take1, Value::number),
    no_effect("proxy_send_lowat", hsl, take1, Value::size),
    supported("proxy_store_access", hsl, take123, check_store_access, Value::text),
    no_effect("proxy_ssl_session_reuse", hsl, take_switch, Value::any, no_tls),
    no_effect("proxy_ssl_protocols", hsl, take1_or_more, Value::any, no_tls),
    no_effect("proxy_ssl_ciphers", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_name", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_server_name", hsl, take_switch, Value::any, no_tls),
    no_effect("proxy_ssl_verify", hsl, take_switch, Value::any, no_tls),
    no_effect("proxy_ssl_verify_depth", hsl, take1, Value::number, no_tls),
    no_effect("proxy_ssl_trusted_certificate", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_crl", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_certificate", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_certificate_key", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_certificate_cache", hsl, take123, Value::text, no_tls),
    no_effect("proxy_ssl_password_file", hsl, take1, Value::text, no_tls),
    no_effect("proxy_ssl_conf_command", hsl, take2, Value::any, no_tls),
    no_effect("proxy_ssl_key_log", hsl, take1, Value::text, no_tls),

    only_value("proxy_store", hsl, take1, "off", Value::text),
    only_value("proxy_bind_dynamic", hsl, take_switch, "off"),
    refused("proxy_allow_upstream", hsl, take1_or_more),
    refused("proxy_request_dynamic", hsl, take_switch),
};

}  // namespace

std::span<const Rule> proxy_rules() {
  return rules;
}

}  // namespace baton::config::nginx
