// What a response's head says beyond the body: expires, charset, add_trailer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/charset_map.h"
#include "config/model/mime_set.h"
#include "config/model/proxy.h"
#include "config/model/template_text.h"

namespace baton::config {

struct Expires {
  enum class Kind : std::uint8_t {
    off,
    epoch,     // long ago, no-cache
    max,       // in 2037
    after,     // `time` from now
    modified,  // `time` behind Last-Modified
    daily,     // the next time of day `time`, local time
  } kind = Kind::off;
  Duration time = 0s;  // whole seconds; may be negative
};

// The lines of add_header or add_trailer on a level. add_header_inherit says what becomes of those
// of the level around it, and may stand in front of them or behind.
struct InheritedLines {
  enum class Rule : std::uint8_t {
    standard,  // "on": inherited where the level says nothing itself
    off,
    merge,  // behind the level's own
  } rule = Rule::standard;
  std::vector<HeaderLine> outer;
  std::vector<HeaderLine> own;
};

struct HeaderSettings {
  Expires expires;
  std::optional<TemplateText> expires_text;  // with variables: read for each response
  bool expires_modified = false;             // ... of the form "modified TIME"

  std::optional<TemplateText> charset;  // absent: off
  MimeSet charset_types{false,
                        {"text/html", "text/xml", "text/plain", "text/vnd.wap.wml",
                         "application/javascript", "application/rss+xml"}};
  std::string source_charset;
  bool override_charset = false;  // also where the upstream server's type has one
  std::vector<std::shared_ptr<const CharsetMap>> charset_maps;

  std::vector<HeaderLine> trailers;
  InheritedLines header_lines;
  InheritedLines trailer_lines;
};

}  // namespace baton::config
