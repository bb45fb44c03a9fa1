// client_body_*: a request's body while it is read.

#include "config/model/client_body.h"

#include <array>

#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/temporary_path.h"
#include "config/nginx/topics.h"

BATON_TOPIC_SETTINGS(ClientBodySettings, client_body)

namespace baton::config::nginx {

namespace {

using InFileOnly = ClientBodySettings::InFileOnly;

void read_temp_path(Reader& reader, const Directive& directive) {
  auto temporary = parse_temporary_path(reader, directive);
  if (temporary) edit(reader.level().location.client_body).temporary = std::move(*temporary);
}

void read_in_file_only(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, InFileOnly>, 3> choices{
      {{"off", InFileOnly::off}, {"on", InFileOnly::on}, {"clean", InFileOnly::clean}}};
  const auto choice = choose(reader, directive, 1, choices);
  if (choice) edit(reader.level().location.client_body).in_file_only = *choice;
}

void read_buffer_size(Reader& reader, const Directive& directive) {
  const auto bytes = parse_size(directive.word(1));
  if (!bytes) return reader.directive_error(directive, 1, "invalid value");
  if (*bytes == 0) {
    return reader.error(directive, 1, "client body buffer size cannot be zero");
  }
  edit(reader.level().location.client_body).buffer_bytes = *bytes;
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("client_max_body_size", hsl, take1, set_offset<&Location::client_max_body_bytes>,
              Value::offset),
    supported("client_body_timeout", hsl, take1, set_milliseconds<&Location::client_body_timeout>,
              Value::milliseconds),
    supported("client_body_buffer_size", hsl, take1, read_buffer_size, Value::text),
    supported("client_body_temp_path", hsl, take1234, read_temp_path, Value::text),
    supported("client_body_in_file_only", hsl, take1, read_in_file_only, Value::text),
    no_effect("client_body_in_single_buffer", hsl, take_switch, Value::any,
              "a body in memory is always in one piece"),
    only_value("client_body_early_read", hsl, take_switch, "off"),
};

}  // namespace

std::span<const Rule> client_body_rules() {
  return rules;
}

}  // namespace baton::config::nginx
