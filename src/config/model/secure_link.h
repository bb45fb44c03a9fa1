// secure_link: links that carry a hash of themselves and, if wanted, the end of their life.
#pragma once

#include <optional>
#include <string>

#include "config/model/template_text.h"

namespace baton::config {

struct SecureLinkSettings {
  std::optional<TemplateText> link;  // "hash" or "hash,expires"
  std::optional<TemplateText> md5;   // the text that is hashed
  std::string secret;                // the old form: /prefix/hash/link
};

}  // namespace baton::config
