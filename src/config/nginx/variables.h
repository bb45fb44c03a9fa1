// Compiles text with variables in it ("$scheme://$host$request_uri") into the model's
// TemplateText. A name is letters, digits and "_", or stands in braces; "$1" to "$9" are captures
// of the last regular expression.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
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

// The place in Proxy::variables of a name that the configuration itself makes.
using FindDefined = std::function<std::optional<std::uint16_t>(std::string_view name)>;

// A variable with a problem becomes an empty literal.
TemplateText compile_template(std::string_view source, const FindDefined& find_defined,
                              std::vector<TemplateProblem>& problems);

// nginx's variable of this name, families ($http_x) included; nullopt where baton has none.
std::optional<TextPart> built_in_part(std::string_view name);
// True for a variable of nginx that has a name to itself, offered or not.
bool is_built_in(std::string_view name);
// Of those: may the configuration give it another value?
bool is_changeable(std::string_view name);
// Of those: `set` changes the thing itself ($args) and not just what the name stands for.
bool is_set_in_place(std::string_view name);

// The text as it stands, "$" included.
TemplateText literal_template(std::string_view text);

bool has_variables(std::string_view text);

// The variable of baton that `name` most likely misspells; empty when none is near.
std::string_view closest_variable(std::string_view name);

}  // namespace baton::config::nginx
