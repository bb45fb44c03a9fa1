// The condition of an `if`: "($var)", "($var = text)", "($var ~* regex)", "(!-f path)" and their
// like. The brackets may stand by themselves or grown together with the words.
#pragma once

#include <optional>

#include "config/model/rewrite.h"
#include "config/nginx/reader.h"

namespace baton::config::nginx {

// nullopt: told.
std::optional<IfStep> parse_condition(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
