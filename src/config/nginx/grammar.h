// The whole grammar: every directive of nginx that baton knows of, by name.
#pragma once

#include <string_view>
#include <vector>

#include "config/nginx/rule.h"

namespace baton::config::nginx {

// The rules for a name: more than one where the same word means different things in different
// contexts (`server`, `error_log`, `keepalive_timeout`). Empty: nginx has no such directive.
const std::vector<const Rule*>& rules_for(std::string_view name);

// All rules, in the order of the tables.
std::vector<const Rule*> every_rule();

// The name allowed in `context` that `word` most likely misspells; empty when none is near.
std::string_view closest_directive(std::string_view word, Context context);

}  // namespace baton::config::nginx
