// return, and the directives of nginx's rewrite module that baton does not have yet.

#include <fmt/format.h>

#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t moved_temporarily = 302;

bool is_redirect_target(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

// "return CODE", "return CODE TEXT" or "return URL".
std::optional<ReturnAction> parse_return(Reader& reader, const Directive& directive) {
  ReturnAction action;
  const auto code = parse_number(directive.word(1));
  if (code && *code <= 999) {
    action.code = static_cast<std::uint16_t>(*code);
    if (directive.count() == 2) action.text = reader.compile(directive, 2);
    return action;
  }
  if (code || directive.count() == 2 || !is_redirect_target(directive.word(1))) {
    reader.error(directive, 1, fmt::format("invalid return code \"{}\"", directive.word(1)));
    return std::nullopt;
  }
  action.code = moved_temporarily;
  action.text = reader.compile(directive, 1);
  return action;
}

void read_return(Reader& reader, const Directive& directive) {
  auto action = parse_return(reader, directive);
  if (!action) return;
  auto& place = reader.level().location.returns;
  if (place) {
    return reader.warning(directive, 0, "this \"return\" is never reached: one comes before it");
  }
  place = std::move(action);
}

// Its contents are still held against the grammar, so that their own problems are told too.
void read_if(Reader& reader, const Directive& directive) {
  reader.error(directive, 0, "directive \"if\" of nginx is not supported by baton");
  const bool on_server = reader.level().context == in_server;
  Level inner = reader.nested(on_server ? in_server_if : in_location_if);
  reader.read_block(directive.block, inner);
}

constexpr auto anywhere = in_server | in_location | in_server_if | in_location_if;

constexpr Rule rules[] = {
    supported("return", anywhere, take12, read_return),
    level("if", in_server | in_location, take1_or_more, read_if),
    refused("set", anywhere, take2),
    refused("rewrite", anywhere, take23),
    refused("break", anywhere, take0),
};

}  // namespace

std::span<const Rule> rewrite_rules() {
  return rules;
}

}  // namespace baton::config::nginx
