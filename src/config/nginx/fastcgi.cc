// Reading the fastcgi_* directives. What they share with proxy_pass goes into a ProxyPass.

#include "config/nginx/fastcgi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/text.h"
#include "config/model/fastcgi.h"
#include "config/nginx/edit.h"
#include "config/nginx/proxy_rewriting.h"
#include "config/nginx/regex.h"
#include "config/nginx/setters.h"
#include "config/nginx/temporary_path.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

constexpr std::array<std::string_view, 8> headers_hidden_always{"status",
                                                                "x-accel-expires",
                                                                "x-accel-redirect",
                                                                "x-accel-limit-rate",
                                                                "x-accel-buffering",
                                                                "x-accel-charset",
                                                                "date",
                                                                "server"};

FastcgiSettings& settings(Reader& reader) {
  return edit(reader.level().location.fastcgi);
}

}  // namespace

void read_fastcgi_pass(Reader& reader, const Directive& directive) {
  Location& location = reader.level().location;
  if (!reader.first_on_level() || location.fastcgi_pass || reader.seen_on_level("proxy_pass")) {
    return reader.directive_error(directive, 0, "is duplicate");
  }
  const std::string& text = directive.word(1);
  ProxyLine line;
  line.directive = &directive;
  line.proxy = std::make_shared<ProxyPass>();
  if (has_variables(text)) {
    line.proxy->url = reader.compile(directive, 1);
  } else {
    const AddressText address = parse_address(text, AddressUse::upstream);
    if (!address.problem.empty()) {
      return reader.error(directive, 1,
                          fmt::format("{} in upstream \"{}\"", address.problem, text));
    }
    line.host = address.unix_path.empty() ? address.host : "unix:" + address.unix_path;
    line.port = address.port;
    line.needs_port = true;
  }
  settings(reader);
  location.fastcgi_pass = true;
  location.proxy = line.proxy;
  reader.proxy_lines.push_back(std::move(line));
}

void finish_fastcgi(Reader& reader, Level& level) {
  if (!level.location.fastcgi_pass || !level.location.proxy) return;
  ProxyLine& line = reader.proxy_lines.back();
  BATON_ASSERT(line.proxy == level.location.proxy);
  const FastcgiSettings& fastcgi = *level.location.fastcgi;
  ProxyPass& proxy = *line.proxy;
  auto url = std::move(proxy.url);
  proxy = fastcgi.common;
  proxy.url = std::move(url);
  proxy.port = line.port.value_or(80);
  // A Location of a FastCGI server is the application's own.
  edit(proxy.rules).redirects.emplace();
  proxy.hide_headers.assign(headers_hidden_always.begin(), headers_hidden_always.end());
  proxy.hide_headers.insert(proxy.hide_headers.end(), fastcgi.hidden.begin(), fastcgi.hidden.end());
  std::erase_if(proxy.hide_headers, [&fastcgi](const std::string& name) {
    return std::ranges::find(fastcgi.passed, name) != fastcgi.passed.end();
  });
  proxy.pass_headers = fastcgi.passed;
}

void read_fastcgi_param(Reader& reader, const Directive& directive) {
  FastcgiParam param;
  param.name = directive.word(1);
  param.value = reader.compile(directive, 2);
  if (directive.count() == 3) {
    if (directive.word(3) != "if_not_empty") {
      return reader.error(directive, 3, fmt::format("invalid parameter \"{}\"", directive.word(3)));
    }
    param.if_not_empty = true;
  }
  auto& params = settings(reader).params;
  if (reader.first_on_level()) params.clear();
  params.push_back(std::move(param));
}

void read_fastcgi_index(Reader& reader, const Directive& directive) {
  settings(reader).index = directive.word(1);
}

void read_fastcgi_split_path_info(Reader& reader, const Directive& directive) {
  if (!reader.check_regex(directive, 1, directive.word(1), false)) return;
  if (check_pattern(directive.word(1), false).groups < 2) {
    return reader.error(directive, 1,
                        fmt::format("pattern \"{}\" must have 2 captures", directive.word(1)));
  }
  settings(reader).split_pattern = directive.word(1);
}

void read_fastcgi_keep_conn(Reader& reader, const Directive& directive) {
  settings(reader).keep_connection = parse_switch(directive.word(1)).value_or(false);
}

void read_fastcgi_catch_stderr(Reader& reader, const Directive& directive) {
  auto& texts = settings(reader).failing_errors;
  if (reader.first_on_level()) texts.clear();
  texts.push_back(directive.word(1));
}

void read_fastcgi_hide_header(Reader& reader, const Directive& directive) {
  auto& names = settings(reader).hidden;
  if (reader.first_on_level()) names.clear();
  names.push_back(lowered(directive.word(1)));
}

void read_fastcgi_pass_header(Reader& reader, const Directive& directive) {
  auto& names = settings(reader).passed;
  if (reader.first_on_level()) names.clear();
  names.push_back(lowered(directive.word(1)));
}

void read_fastcgi_rule(Reader& reader, const Directive& directive) {
  ProxyRules& rules = edit(settings(reader).common.rules);
  const std::string_view what = std::string_view(directive.name()).substr(8);
  if (what == "bind") {
    read_bind(reader, directive, rules);
  } else if (what == "limit_rate") {
    read_read_rate(reader, directive, rules);
  } else if (what == "ignore_headers") {
    read_ignored_headers(reader, directive, rules);
  } else if (what == "socket_keepalive") {
    rules.socket_keepalive = parse_switch(directive.word(1)).value_or(false);
  } else if (what == "force_ranges") {
    rules.force_ranges = parse_switch(directive.word(1)).value_or(false);
  } else {
    read_socket_buffer(
        reader, directive,
        what == "socket_sndbuf" ? rules.send_buffer_bytes : rules.receive_buffer_bytes);
  }
}

void read_fastcgi_next_upstream(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 11> choices{
      {{"error", next_on_error},
       {"timeout", next_on_timeout},
       {"invalid_header", next_on_invalid_header},
       {"non_idempotent", next_non_idempotent},
       {"http_500", next_on_http_500},
       {"http_503", next_on_http_503},
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
  settings(reader).common.next_upstream = off ? 0 : conditions;
}

void read_fastcgi_buffer_size(Reader& reader, const Directive& directive) {
  const auto size = parse_size(directive.word(1));
  if (!size || *size == 0) return reader.directive_error(directive, 1, "invalid value");
  settings(reader).common.buffer_size_bytes = *size;
}

void read_fastcgi_buffers(Reader& reader, const Directive& directive) {
  constexpr std::uint64_t bytes_max = 1U << 30;
  const auto count = parse_number(directive.word(1));
  if (!count || *count == 0 || *count > 65536) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  const auto size = parse_size(directive.word(2));
  if (!size || *size == 0 || *size > bytes_max) {
    return reader.directive_error(directive, 2, "invalid value");
  }
  if (*count < 2) {
    return reader.error(directive, 1, "there must be at least 2 \"fastcgi_buffers\"");
  }
  settings(reader).common.buffers_bytes = *count * *size;
}

void read_fastcgi_temp_path(Reader& reader, const Directive& directive) {
  auto temporary = parse_temporary_path(reader, directive);
  if (temporary) edit(settings(reader).buffering).temporary = std::move(*temporary);
}

void read_fastcgi_max_temp_file_size(Reader& reader, const Directive& directive) {
  const auto size = parse_size(directive.word(1));
  if (!size) return reader.directive_error(directive, 1, "invalid value");
  edit(settings(reader).buffering).temporary_bytes_max = *size;
}

void read_fastcgi_next_upstream_tries(Reader& reader, const Directive& directive) {
  const auto tries = parse_number(directive.word(1));
  if (!tries || *tries > UINT32_MAX) return reader.directive_error(directive, 1, "invalid number");
  settings(reader).common.next_upstream_tries = static_cast<std::uint32_t>(*tries);
}

// The directives that are a time in milliseconds, by their name.
void read_fastcgi_time(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, Duration ProxyPass::*>, 4> members{
      {{"fastcgi_connect_timeout", &ProxyPass::connect_timeout},
       {"fastcgi_send_timeout", &ProxyPass::send_timeout},
       {"fastcgi_read_timeout", &ProxyPass::read_timeout},
       {"fastcgi_next_upstream_timeout", &ProxyPass::next_upstream_timeout}}};
  const auto time = parse_milliseconds(directive.word(1));
  if (!time) return reader.directive_error(directive, 1, "invalid value");
  for (const auto& [name, member] : members) {
    if (directive.name() == name) settings(reader).common.*member = *time;
  }
}

// The switches among them.
void read_fastcgi_switch(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, bool ProxyPass::*>, 6> members{
      {{"fastcgi_buffering", &ProxyPass::buffering},
       {"fastcgi_request_buffering", &ProxyPass::request_buffering},
       {"fastcgi_intercept_errors", &ProxyPass::intercept_errors},
       {"fastcgi_ignore_client_abort", &ProxyPass::ignore_client_abort},
       {"fastcgi_pass_request_headers", &ProxyPass::pass_request_headers},
       {"fastcgi_pass_request_body", &ProxyPass::pass_request_body}}};
  const bool on = parse_switch(directive.word(1)).value_or(false);
  for (const auto& [name, member] : members) {
    if (directive.name() == name) settings(reader).common.*member = on;
  }
}

}  // namespace baton::config::nginx
