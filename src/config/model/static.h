// Files beyond root and index: listings, symbolic links.
#pragma once

#include <cstdint>
#include <optional>

#include "config/model/template_text.h"

namespace baton::config {

struct StaticSettings {
  bool autoindex = false;
  enum class Format : std::uint8_t { html, json, jsonp, xml } format = Format::html;
  bool exact_size = true;   // of html: bytes instead of K, M, G
  bool local_time = false;  // of html: the time zone
  bool random_index = false;
  // disable_symlinks: which path components may be symbolic links.
  enum class Symlinks : std::uint8_t {
    allowed,
    refused,
    of_owner,  // only to what belongs to the link's owner
  } symlinks = Symlinks::allowed;
  std::optional<TemplateText> symlinks_from;  // the part of the path in front is not looked at
};

}  // namespace baton::config
