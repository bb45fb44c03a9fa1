// Compiles text with variables in it ("$scheme://$host$request_uri") into the model's
// TemplateText. A name is letters, digits and "_", or stands in braces; "$1" to "$9" are captures
// of the last regular expression.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model/template_text.h"

namespace baton::config::nginx {

struct TemplateProblem {
  enum class Kind : std::uint8_t {
    invalid_name,     // "$" without a name behind it
    missing_bracket,  // "${name" without "}"
    unknown,          // neither nginx's nor, as far as this text tells, the user's
    not_offered       // nginx's, not baton's
  };
  Kind kind = Kind::unknown;
  std::string name;
};

// Names that regular expressions of the configuration capture: `(?<name>...)`.
using IsCapture = std::function<bool(std::string_view name)>;

// A variable with a problem becomes an empty literal.
TemplateText compile_template(std::string_view source, const IsCapture& is_capture,
                              std::vector<TemplateProblem>& problems);

// The text as it stands, "$" included.
TemplateText literal_template(std::string_view text);

bool has_variables(std::string_view text);

// The variable of baton that `name` most likely misspells; empty when none is near.
std::string_view closest_variable(std::string_view name);

}  // namespace baton::config::nginx
