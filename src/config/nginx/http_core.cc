// The http block and what it, servers and locations say about the client's side of a connection.

#include <fmt/format.h>

#include <array>

#include "config/model/connection.h"
#include "config/nginx/edit.h"
#include "config/nginx/error_log.h"
#include "config/nginx/proxy.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

BATON_TOPIC_SETTINGS(ConnectionSettings, connection)

namespace baton::config::nginx {

namespace {

constexpr std::string_view default_access_log = "/var/log/nginx/access.log";

LogFormat combined_format(Reader& reader, const Directive& directive) {
  LogFormat format;
  format.name = "combined";
  format.text = reader.compile_text(
      directive, 0,
      "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
      "\"$http_referer\" \"$http_user_agent\"");
  return format;
}

std::shared_ptr<const MimeTypes> default_types() {
  static const auto types = std::make_shared<const MimeTypes>(
      MimeTypes{{"html", "text/html"}, {"gif", "image/gif"}, {"jpg", "image/jpeg"}});
  return types;
}

void read_http(Reader& reader, const Directive& directive) {
  Proxy& proxy = reader.proxy();
  proxy.has_http = true;
  proxy.log_formats.push_back(combined_format(reader, directive));
  reader.log_formats["combined"] = {0, 0};
  Level http = reader.nested(in_http);
  http.location.match = Location::Match::server;
  http.location.root = literal_template(reader.full_path("html"));
  http.location.types = default_types();
  AccessLog access_log;
  access_log.path = default_access_log;
  edit(http.location.access_logs).push_back(std::move(access_log));
  const Reader::Blocks blocks = reader.read_settings(directive.block, http);
  check_proxy_buffers(reader, http);
  reader.read_levels(blocks, http);
}

void read_location_error_log(Reader& reader, const Directive& directive) {
  auto log = parse_error_log(reader, directive);
  if (!log) return;
  auto& logs = reader.level().location.error_logs;
  if (reader.first_on_level()) logs = nullptr;
  edit(logs).push_back(std::move(*log));
}

void read_keepalive_timeout(Reader& reader, const Directive& directive) {
  Location& location = reader.level().location;
  const auto timeout = parse_milliseconds(directive.word(1));
  if (!timeout) return reader.directive_error(directive, 1, "invalid value");
  location.keepalive_timeout = *timeout;
  location.keepalive_header.reset();
  if (directive.count() == 1) return;
  const auto header = parse_seconds(directive.word(2));
  if (!header) return reader.directive_error(directive, 2, "invalid value");
  if (*header > 0s) location.keepalive_header = *header;
}

void read_large_client_header_buffers(Reader& reader, const Directive& directive) {
  const auto count = parse_number(directive.word(1));
  if (!count || *count == 0 || *count > 65536) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  const auto size = parse_size(directive.word(2));
  if (!size || *size == 0) return reader.directive_error(directive, 2, "invalid value");
  reader.level().server.large_header_buffers = static_cast<std::uint32_t>(*count);
  reader.level().server.large_header_buffer_bytes = *size;
}

void read_server_tokens(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, bool>, 3> choices{
      {{"off", false}, {"on", true}, {"build", true}}};
  const auto shown = choose(reader, directive, 1, choices);
  if (!shown) return;
  reader.level().location.server_tokens = *shown;
  if (equals_ignoring_case(directive.word(1), "build")) {
    reader.note(directive, 1, "\"server_tokens build\" is \"on\" in baton");
  }
}

void read_lingering_close(Reader& reader, const Directive& directive) {
  using Lingering = ConnectionSettings::Lingering;
  constexpr std::array<std::pair<std::string_view, Lingering>, 3> choices{
      {{"off", Lingering::off}, {"on", Lingering::on}, {"always", Lingering::always}}};
  if (const auto choice = choose(reader, directive, 1, choices)) {
    edit(reader.level().location.connection).lingering = *choice;
  }
}

void read_keepalive_disable(Reader& reader, const Directive& directive) {
  enum class Browser : std::uint8_t { none, msie6, safari };
  constexpr std::array<std::pair<std::string_view, Browser>, 3> choices{
      {{"none", Browser::none}, {"msie6", Browser::msie6}, {"safari", Browser::safari}}};
  ConnectionSettings& connection = edit(reader.level().location.connection);
  connection.keepalive_for_msie6 = connection.keepalive_for_safari = true;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const auto choice = choose(reader, directive, i, choices);
    if (!choice) return;
    if (*choice == Browser::msie6) connection.keepalive_for_msie6 = false;
    if (*choice == Browser::safari) connection.keepalive_for_safari = false;
  }
}

constexpr auto http_server = in_http | in_server;
constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    level("http", in_main, take0, read_http, Value::text),
    supported("error_log", hsl, take1_or_more, read_location_error_log),

    // Before the location is known.
    supported("client_header_timeout", http_server, take1,
              set_milliseconds<&Server::client_header_timeout>, Value::milliseconds),
    supported("client_header_buffer_size", http_server, take1,
              set_size<&Server::client_header_buffer_bytes>, Value::size),
    supported("large_client_header_buffers", http_server, take2, read_large_client_header_buffers,
              Value::buffers),
    supported("max_headers", http_server, take1, set_number<&Server::max_headers>, Value::number),
    supported("ignore_invalid_headers", http_server, take_switch,
              set_switch<&Server::ignore_invalid_headers>),
    supported("underscores_in_headers", http_server, take_switch,
              set_switch<&Server::underscores_in_headers>),
    supported("merge_slashes", http_server, take_switch, set_switch<&Server::merge_slashes>),

    // The connection. What concerns bodies is in client_body.cc.
    supported("send_timeout", hsl, take1, set_milliseconds<&Location::send_timeout>,
              Value::milliseconds),
    supported("keepalive_timeout", hsl, take12, read_keepalive_timeout, Value::text),
    supported("keepalive_requests", hsl, take1, set_number<&Location::keepalive_requests>,
              Value::number),
    supported("keepalive_disable", hsl, take12, read_keepalive_disable),
    supported("keepalive_time", hsl, take1, set_milliseconds<&ConnectionSettings::keepalive_time>,
              Value::milliseconds),
    supported("lingering_close", hsl, take1, read_lingering_close, Value::text),
    supported("lingering_time", hsl, take1, set_milliseconds<&Location::lingering_time>,
              Value::milliseconds),
    supported("lingering_timeout", hsl, take1, set_milliseconds<&Location::lingering_timeout>,
              Value::milliseconds),
    supported("reset_timedout_connection", hsl, take_switch,
              set_switch<&Location::reset_timed_out>),
    supported("chunked_transfer_encoding", hsl, take_switch,
              set_switch<&Location::chunked_transfer_encoding>),
    supported("tcp_nodelay", hsl, take_switch,
              set_switch_without_effect<&Location::tcp_nodelay, true>),
    // The head of a file goes out with the file's first bytes in any case.
    supported("tcp_nopush", hsl, take_switch, set_switch<&Location::tcp_nopush>),

    // Redirects and what a response tells about the server.
    supported("absolute_redirect", hsl, take_switch, set_switch<&Location::absolute_redirect>),
    supported("port_in_redirect", hsl, take_switch, set_switch<&Location::port_in_redirect>),
    supported("server_name_in_redirect", hsl, take_switch,
              set_switch<&Location::server_name_in_redirect>),
    supported("server_tokens", hsl, take1, read_server_tokens, Value::text),

    // Relics of tuning.
    no_effect("connection_pool_size", http_server, take1, Value::size),
    no_effect("request_pool_size", http_server, take1, Value::size),
    no_effect("server_names_hash_max_size", in_http, take1, Value::number),
    no_effect("server_names_hash_bucket_size", in_http, take1, Value::number),
    no_effect("variables_hash_max_size", in_http, take1, Value::number),
    no_effect("variables_hash_bucket_size", in_http, take1, Value::number),
    no_effect("keepalive_min_timeout", hsl, take1, Value::milliseconds),
    no_effect("subrequest_output_buffer_size", hsl, take1, Value::size),
    no_effect("send_lowat", hsl, take1, Value::size),
    no_effect("postpone_output", hsl, take1, Value::size),
    no_effect("output_buffers", hsl, take2, Value::buffers),
    supported("msie_padding", hsl, take_switch, set_switch<&ConnectionSettings::msie_padding>),
    no_effect("msie_refresh", hsl, take_switch),
    refused("post_action", in_all_http, take1, Value::text),
};

}  // namespace

std::span<const Rule> http_core_rules() {
  return rules;
}

}  // namespace baton::config::nginx
