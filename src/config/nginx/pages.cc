// What is put into the text of responses: ssi, sub_filter, add_before_body and add_after_body.

#include <algorithm>

#include "config/model/ssi.h"
#include "config/model/substitution.h"
#include "config/nginx/edit.h"
#include "config/nginx/mime_types.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

BATON_TOPIC_SETTINGS(SsiSettings, ssi)
BATON_TOPIC_SETTINGS(SubstitutionSettings, substitution)

namespace baton::config::nginx {

namespace {

SubstitutionSettings& settings(Reader& reader) {
  return edit(reader.level().location.substitution);
}

void read_ssi_types(Reader& reader, const Directive& directive) {
  read_mime_types(reader, directive, edit(reader.level().location.ssi).types);
}

void read_sub_filter_types(Reader& reader, const Directive& directive) {
  read_mime_types(reader, directive, settings(reader).types);
}

void read_addition_types(Reader& reader, const Directive& directive) {
  read_mime_types(reader, directive, settings(reader).addition_types);
}

void read_sub_filter(Reader& reader, const Directive& directive) {
  auto& pairs = settings(reader).pairs;
  if (reader.first_on_level()) pairs.clear();
  if (directive.word(1).empty()) return reader.error(directive, 1, "empty search pattern");
  pairs.push_back({reader.compile(directive, 1), reader.compile(directive, 2)});
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("ssi", in_all_http, take_switch, set_switch<&SsiSettings::enabled>),
    supported("ssi_silent_errors", hsl, take_switch, set_switch<&SsiSettings::silent_errors>),
    supported("ssi_value_length", hsl, take1, set_size<&SsiSettings::value_bytes_max>, Value::size),
    supported("ssi_types", hsl, take1_or_more, read_ssi_types),
    supported("ssi_last_modified", hsl, take_switch, set_switch<&SsiSettings::keeps_last_modified>),
    no_effect("ssi_ignore_recycled_buffers", hsl, take_switch),
    no_effect("ssi_min_file_chunk", hsl, take1, Value::size),
    supported("sub_filter", hsl, take2, read_sub_filter),
    supported("sub_filter_types", hsl, take1_or_more, read_sub_filter_types),
    supported("sub_filter_once", hsl, take_switch, set_switch<&SubstitutionSettings::once>),
    supported("sub_filter_last_modified", hsl, take_switch,
              set_switch<&SubstitutionSettings::keeps_last_modified>),
    supported("add_before_body", hsl, take1, set_text<&SubstitutionSettings::before_body>,
              Value::text),
    supported("add_after_body", hsl, take1, set_text<&SubstitutionSettings::after_body>,
              Value::text),
    supported("addition_types", hsl, take1_or_more, read_addition_types),
};

}  // namespace

std::span<const Rule> page_rules() {
  return rules;
}

}  // namespace baton::config::nginx
