// gzip, gunzip and gzip_static: handlers of the rows in filters.cc.

#include "config/nginx/compression.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "config/model/compression.h"
#include "config/nginx/edit.h"
#include "config/nginx/mime_types.h"
#include "config/nginx/setters.h"

namespace baton::config::nginx {

namespace {

CompressionSettings& settings(Reader& reader) {
  return edit(reader.level().location.compression);
}

// A power of two between 512 bytes and 2^largest as its exponent; 0 where it is none.
std::uint8_t exponent_of(std::string_view word, int largest) {
  const auto bytes = parse_size(word);
  for (int bits = 9; bytes && bits <= largest; ++bits) {
    if (*bytes == std::uint64_t{1} << bits) return static_cast<std::uint8_t>(bits);
  }
  return 0;
}

}  // namespace

void read_gzip(Reader& reader, const Directive& directive) {
  settings(reader).gzip = parse_switch(directive.word(1)).value_or(false);
}

void read_gzip_vary(Reader& reader, const Directive& directive) {
  settings(reader).vary = parse_switch(directive.word(1)).value_or(false);
}

void read_gunzip(Reader& reader, const Directive& directive) {
  settings(reader).gunzip = parse_switch(directive.word(1)).value_or(false);
}

void read_gzip_static(Reader& reader, const Directive& directive) {
  using Static = CompressionSettings::Static;
  constexpr std::array<std::pair<std::string_view, Static>, 3> choices{
      {{"off", Static::off}, {"on", Static::on}, {"always", Static::always}}};
  if (const auto choice = choose(reader, directive, 1, choices)) {
    settings(reader).gzip_static = *choice;
  }
}

void read_gzip_types(Reader& reader, const Directive& directive) {
  read_mime_types(reader, directive, settings(reader).types);
}

void read_gzip_comp_level(Reader& reader, const Directive& directive) {
  const auto level = parse_number(directive.word(1));
  if (!level) return reader.directive_error(directive, 1, "invalid number");
  if (*level < 1 || *level > 9) return reader.error(directive, 1, "value must be between 1 and 9");
  settings(reader).level = static_cast<std::uint8_t>(*level);
}

void read_gzip_window(Reader& reader, const Directive& directive) {
  if (!parse_size(directive.word(1))) return reader.directive_error(directive, 1, "invalid value");
  const std::uint8_t bits = exponent_of(directive.word(1), 15);
  if (bits == 0) {
    return reader.directive_error(directive, 1, "must be 512, 1k, 2k, 4k, 8k, 16k, or 32k");
  }
  settings(reader).window_bits = bits;
}

void read_gzip_hash(Reader& reader, const Directive& directive) {
  if (!parse_size(directive.word(1))) return reader.directive_error(directive, 1, "invalid value");
  const std::uint8_t bits = exponent_of(directive.word(1), 17);
  if (bits == 0) {
    return reader.directive_error(directive, 1,
                                  "must be 512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k");
  }
  settings(reader).memory_level = static_cast<std::uint8_t>(bits - 8);
}

void read_gzip_min_length(Reader& reader, const Directive& directive) {
  const auto length = parse_size(directive.word(1));
  if (!length) return reader.directive_error(directive, 1, "invalid value");
  settings(reader).min_length_bytes = *length;
}

void read_gzip_http_version(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, std::uint8_t>, 2> choices{
      {{"1.0", 0}, {"1.1", 1}}};
  if (const auto choice = choose(reader, directive, 1, choices)) {
    settings(reader).http_minor = *choice;
  }
}

void read_gzip_proxied(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, std::uint16_t>, 9> choices{
      {{"off", 0},
       {"expired", gzip_proxied_expired},
       {"no-cache", gzip_proxied_no_cache},
       {"no-store", gzip_proxied_no_store},
       {"private", gzip_proxied_private},
       {"no_last_modified", gzip_proxied_no_last_modified},
       {"no_etag", gzip_proxied_no_etag},
       {"auth", gzip_proxied_auth},
       {"any", gzip_proxied_any}}};
  std::uint16_t proxied = reader.first_on_level() ? 0 : settings(reader).proxied;
  bool off = false;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const auto choice = choose(reader, directive, i, choices);
    if (!choice) return;
    if ((*choice & proxied) != 0 || (*choice == 0 && off)) {
      reader.warning(directive, i, fmt::format("duplicate value \"{}\"", directive.word(i)));
    }
    proxied |= *choice;
    off = off || *choice == 0;
  }
  settings(reader).proxied = off ? std::uint16_t{0} : proxied;
}

void read_gzip_disable(Reader& reader, const Directive& directive) {
  CompressionSettings& compression = settings(reader);
  if (reader.first_on_level()) {
    compression.disable_msie6 = false;
    compression.disable_patterns.clear();
  }
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word == "msie6") {
      compression.disable_msie6 = true;
    } else if (reader.check_regex(directive, i, word, true)) {
      compression.disable_patterns.push_back(word);
    }
  }
}

}  // namespace baton::config::nginx
