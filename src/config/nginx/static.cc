// Files: where they lie (root, alias), which one stands for a folder (index), what type they are.

#include "config/model/static.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "config/nginx/edit.h"
#include "config/nginx/file_access_values.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

BATON_TOPIC_SETTINGS(StaticSettings, files)

namespace baton::config::nginx {

namespace {

// A path with variables; one that neither is absolute nor starts with a variable lies below the
// prefix.
TemplateText compile_path(Reader& reader, const Directive& directive, std::string_view path) {
  if (path.starts_with('/') || path.starts_with('$')) {
    return reader.compile_text(directive, 1, path);
  }
  TemplateText text = reader.compile_text(directive, 1, path);
  const std::string prefix = reader.full_path("");
  if (!text.parts.empty() && text.parts[0].variable == Variable::literal) {
    text.parts[0].text = prefix + text.parts[0].text;
  } else {
    text.parts.insert(text.parts.begin(), {Variable::literal, prefix, 0});
  }
  return text;
}

// The variable of a path that would be the path itself, or nothing.
std::string_view self_reference(const TemplateText& text) {
  for (const TextPart& part : text.parts) {
    if (part.variable == Variable::document_root) return "$document_root";
    if (part.variable == Variable::realpath_root) return "$realpath_root";
  }
  return {};
}

// root and alias exclude each other on one level.
bool check_root(Reader& reader, const Directive& directive, std::string_view other) {
  if (!reader.first_on_level()) {
    reader.directive_error(directive, 0, "is duplicate");
    return false;
  }
  if (reader.seen_on_level(other)) {
    reader.directive_error(
        directive, 0, fmt::format("is duplicate, \"{}\" directive was specified earlier", other));
    return false;
  }
  return true;
}

void store_root(Reader& reader, const Directive& directive, bool is_alias) {
  std::string_view path = directive.word(1);
  if (!is_alias && path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  TemplateText text = compile_path(reader, directive, path);
  if (const std::string_view self = self_reference(text); !self.empty()) {
    return reader.error(directive, 1,
                        fmt::format("the {} variable cannot be used in the \"{}\" directive", self,
                                    directive.name()));
  }
  Location& location = reader.level().location;
  if (is_alias) {
    location.alias = std::move(text);
    const bool has_name = location.match != Location::Match::regex &&
                          location.match != Location::Match::regex_no_case;
    location.alias_prefix_bytes.reset();
    if (has_name) location.alias_prefix_bytes = location.pattern.size();
  } else {
    location.root = std::move(text);
    location.alias.reset();
  }
}

void read_root(Reader& reader, const Directive& directive) {
  if (check_root(reader, directive, "alias")) store_root(reader, directive, false);
}

void read_alias(Reader& reader, const Directive& directive) {
  if (!check_root(reader, directive, "root")) return;
  if (reader.level().location.match == Location::Match::named) {
    return reader.error(directive, 0,
                        "the \"alias\" directive cannot be used inside the named location");
  }
  store_root(reader, directive, true);
}

void read_index(Reader& reader, const Directive& directive) {
  Location& location = reader.level().location;
  auto& index = location.index;
  if (reader.first_on_level()) index.clear();
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& name = directive.word(i);
    if (name.starts_with('/') && i != directive.count()) {
      reader.warning(directive, i, "only the last index in \"index\" directive should be absolute");
    }
    if (name.empty()) {
      return reader.error(directive, i, "index \"\" in \"index\" directive is invalid");
    }
    index.push_back(reader.compile(directive, i));
  }
}

void add_type(Reader& reader, const Directive& line, MimeTypes& types) {
  for (std::size_t i = 1; i <= line.count(); ++i) {
    const std::string extension = lowered(line.word(i));
    const auto [place, is_new] = types.try_emplace(extension, line.name());
    if (is_new || place->second == line.name()) continue;
    reader.warning(line, i,
                   fmt::format("duplicate extension \"{}\", content type: \"{}\", previous "
                               "content type: \"{}\"",
                               line.word(i), line.name(), place->second));
    place->second = line.name();
  }
}

void read_types(Reader& reader, const Directive& directive) {
  MimeTypes types;
  // Several blocks of one level add up; the first replaces what was inherited.
  if (!reader.first_on_level()) types = *reader.level().location.types;
  for (const Directive& line : directive.block) {
    if (!reader.check_value_line(line)) continue;
    if (line.name() == "include") {
      reader.error(line, 0, "invalid number of arguments in \"include\" directive");
    } else {
      add_type(reader, line, types);
    }
  }
  reader.level().location.types = std::make_shared<const MimeTypes>(std::move(types));
}

void read_if_modified_since(Reader& reader, const Directive& directive) {
  using Choice = Location::IfModifiedSince;
  constexpr std::array<std::pair<std::string_view, Choice>, 3> choices{
      {{"off", Choice::off}, {"exact", Choice::exact}, {"before", Choice::before}}};
  if (const auto choice = choose(reader, directive, 1, choices)) {
    reader.level().location.if_modified_since = *choice;
  }
}

void read_autoindex_format(Reader& reader, const Directive& directive) {
  using Format = StaticSettings::Format;
  constexpr std::array<std::pair<std::string_view, Format>, 4> choices{{{"html", Format::html},
                                                                        {"json", Format::json},
                                                                        {"jsonp", Format::jsonp},
                                                                        {"xml", Format::xml}}};
  if (const auto choice = choose(reader, directive, 1, choices)) {
    edit(reader.level().location.files).format = *choice;
  }
}

void read_disable_symlinks(Reader& reader, const Directive& directive) {
  using Symlinks = StaticSettings::Symlinks;
  StaticSettings& files = edit(reader.level().location.files);
  bool decided = false;
  files.symlinks_from.reset();
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word == "off" || word == "on" || word == "if_not_owner") {
      files.symlinks = word == "off"  ? Symlinks::allowed
                       : word == "on" ? Symlinks::refused
                                      : Symlinks::of_owner;
      decided = true;
    } else if (word.starts_with("from=") && word.size() > 5) {
      files.symlinks_from = reader.compile_text(directive, i, word.substr(5));
    } else {
      return reader.error(directive, i, fmt::format("invalid parameter \"{}\"", word));
    }
  }
  if (!decided) {
    const auto message =
        "\"disable_symlinks\" must have \"off\", \"on\" or \"if_not_owner\" parameter";
    return reader.error(directive, 0, message);
  }
  if (directive.count() == 1) return;
  if (!files.symlinks_from) {
    return reader.error(
        directive, 0,
        fmt::format("duplicate parameters \"{} {}\"", directive.word(1), directive.word(2)));
  }
  if (files.symlinks == Symlinks::allowed) {
    reader.error(directive, 0, "\"from=\" cannot be used with \"off\" parameter");
  }
}

constexpr auto hsl = in_http_server_location;
constexpr auto kernel_cache = "the kernel's own cache of names is used";

constexpr Rule rules[] = {
    supported("root", in_all_http, take1, read_root),
    supported("alias", in_location, take1, read_alias),
    supported("index", hsl, take1_or_more, read_index),
    supported("types", hsl, take0 | block, read_types),
    supported("default_type", hsl, take1, set_text<&Location::default_type>, Value::text),
    supported("autoindex", hsl, take_switch, set_switch<&StaticSettings::autoindex>),
    supported("autoindex_format", hsl, take1, read_autoindex_format, Value::text),
    supported("autoindex_localtime", hsl, take_switch, set_switch<&StaticSettings::local_time>),
    supported("autoindex_exact_size", hsl, take_switch, set_switch<&StaticSettings::exact_size>),
    supported("random_index", in_location, take_switch, set_switch<&StaticSettings::random_index>),
    supported("disable_symlinks", hsl, take12, read_disable_symlinks, Value::text),
    supported("sendfile", in_all_http, take_switch, set_switch<&Location::sendfile>),
    supported("etag", hsl, take_switch, set_switch<&Location::etag>),
    supported("if_modified_since", hsl, take1, read_if_modified_since, Value::text),
    supported("max_ranges", hsl, take1, set_number<&Location::max_ranges>, Value::number),
    no_effect("types_hash_max_size", hsl, take1, Value::number),
    no_effect("types_hash_bucket_size", hsl, take1, Value::number),
    no_effect("sendfile_max_chunk", hsl, take1, Value::size),
    supported("aio", hsl, take1, check_aio, Value::text),
    no_effect("aio_write", hsl, take_switch),
    no_effect("read_ahead", hsl, take1, Value::size),
    supported("directio", hsl, take1, check_directio, Value::text),
    no_effect("directio_alignment", hsl, take1, Value::offset),
    supported("open_file_cache", hsl, take12, check_open_file_cache, Value::text),
    no_effect("open_file_cache_valid", hsl, take1, Value::seconds, kernel_cache),
    no_effect("open_file_cache_min_uses", hsl, take1, Value::number, kernel_cache),
    no_effect("open_file_cache_errors", hsl, take_switch, Value::any, kernel_cache),
    no_effect("open_file_cache_events", hsl, take_switch, Value::any, kernel_cache),
};

}  // namespace

std::span<const Rule> static_rules() {
  return rules;
}

}  // namespace baton::config::nginx
