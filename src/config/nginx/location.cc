// location blocks: how they match, how they nest, and what happens to a request that landed in
// one but is answered elsewhere (error_page, try_files, internal).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/model/rewrite.h"
#include "config/nginx/finish_location.h"
#include "config/nginx/proxy.h"
#include "config/nginx/rewrite.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

using Match = Location::Match;

struct Matching {
  Match match = Match::prefix;
  std::string pattern;
};

constexpr std::array<std::pair<std::string_view, Match>, 4> modifiers{
    {{"=", Match::exact},
     {"^~", Match::prefix_no_regex},
     {"~*", Match::regex_no_case},
     {"~", Match::regex}}};

bool is_regex(Match match) {
  return match == Match::regex || match == Match::regex_no_case;
}

// "location = /x", or with the modifier grown together with the pattern: "location =/x".
std::optional<Matching> parse_matching(Reader& reader, const Directive& directive) {
  if (directive.count() == 2) {
    for (const auto& [word, match] : modifiers) {
      if (directive.word(1) == word) return Matching{match, directive.word(2)};
    }
    reader.error(directive, 1, fmt::format("invalid location modifier \"{}\"", directive.word(1)));
    return std::nullopt;
  }
  const std::string& text = directive.word(1);
  for (const auto& [word, match] : modifiers) {
    if (text.starts_with(word)) return Matching{match, text.substr(word.size())};
  }
  return Matching{text.starts_with('@') ? Match::named : Match::prefix, text};
}

// nginx's rules for a location inside another one. False: told, and not to be used.
bool check_nesting(Reader& reader, const Directive& directive, const Matching& inner) {
  const Location& outer = reader.level().location;
  if (outer.match == Match::server) return true;
  const auto refuse = [&](std::string message) {
    reader.error(directive, directive.count(), std::move(message));
    return false;
  };
  if (outer.match == Match::exact) {
    return refuse(fmt::format("location \"{}\" cannot be inside the exact location \"{}\"",
                              inner.pattern, outer.pattern));
  }
  if (outer.match == Match::named) {
    return refuse(fmt::format("location \"{}\" cannot be inside the named location \"{}\"",
                              inner.pattern, outer.pattern));
  }
  if (inner.match == Match::named) {
    return refuse(
        fmt::format("named location \"{}\" can be on the server level only", inner.pattern));
  }
  if (!is_regex(inner.match) && !inner.pattern.starts_with(outer.pattern)) {
    return refuse(
        fmt::format("location \"{}\" is outside location \"{}\"", inner.pattern, outer.pattern));
  }
  return true;
}

void read_location(Reader& reader, const Directive& directive) {
  const auto matching = parse_matching(reader, directive);
  if (!matching) return reader.skip_block(directive.block);
  if (is_regex(matching->match) &&
      !reader.check_regex(directive, directive.count(), matching->pattern,
                          matching->match == Match::regex_no_case)) {
    return reader.skip_block(directive.block);
  }
  check_nesting(reader, directive, *matching);

  Level inner = reader.nested(in_location);
  const std::uint32_t server = inner.server_index;
  const std::uint32_t parent = inner.location_index;
  auto& locations = reader.proxy().servers[server].locations;
  const auto index = static_cast<std::uint32_t>(locations.size());
  locations.emplace_back();
  if (parent == 0) {
    reader.proxy().servers[server].top_level.push_back(index);
  } else {
    locations[parent].children.push_back(index);
  }
  reader.location_lines.push_back({&directive, server, index, parent});

  inner.location_index = index;
  inner.location.match = matching->match;
  inner.location.pattern = matching->pattern;
  inner.location.where = directive.position(directive.words.back());
  const Reader::Blocks blocks = reader.read_settings(directive.block, inner);
  finish_location(reader, inner);
  reader.proxy().servers[server].locations[index] = inner.location;
  reader.read_levels(blocks, inner);
  // `if` and `limit_except` have been read only now.
  Location& location = reader.proxy().servers[server].locations[index];
  location.rewrite = make_program(inner);
  location.limit_except = inner.location.limit_except;
}

// "=", "=404": the code to answer with instead. -1 where the word is none.
std::optional<int> parse_answer_code(std::string_view word) {
  if (word == "=") return 0;
  const auto code = parse_unsigned(word.substr(1), 999);
  if (!code) return std::nullopt;
  return static_cast<int>(*code);
}

void read_error_page(Reader& reader, const Directive& directive) {
  auto& pages = reader.level().location.error_pages;
  if (reader.first_on_level()) pages.clear();
  ErrorPage page;
  std::size_t codes = directive.count() - 1;
  if (directive.word(codes).starts_with('=')) {
    const auto code = parse_answer_code(directive.word(codes));
    if (!code || codes == 1) {
      return reader.error(directive, codes,
                          fmt::format("invalid value \"{}\"", directive.word(codes)));
    }
    page.answer_code = *code;
    --codes;
  }
  for (std::size_t i = 1; i <= codes; ++i) {
    const auto code = parse_number(directive.word(i));
    if (!code || *code == 499) {
      return reader.error(directive, i, fmt::format("invalid value \"{}\"", directive.word(i)));
    }
    if (*code < 300 || *code > 599) {
      return reader.error(
          directive, i, fmt::format("value \"{}\" must be between 300 and 599", directive.word(i)));
    }
    page.codes.push_back(static_cast<std::uint16_t>(*code));
  }
  page.target = reader.compile(directive, directive.count());
  pages.push_back(std::move(page));
}

void read_try_files(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  auto& files = reader.level().location.try_files;
  const std::string& last = directive.word(directive.count());
  if (last.starts_with('=') && !parse_unsigned(std::string_view(last).substr(1), 999)) {
    return reader.error(directive, directive.count(), fmt::format("invalid code \"{}\"", last));
  }
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    files.push_back(reader.compile(directive, i));
  }
}

void read_internal(Reader& reader, const Directive&) {
  reader.level().location.internal = true;
}

void read_empty_gif(Reader& reader, const Directive&) {
  reader.level().location.empty_gif = true;
}

// The settings of a location for the methods that are not named: a location of its own that no
// request finds by its path. Like an `if` it keeps the handler of the one around it.
void read_limit_except(Reader& reader, const Directive& directive) {
  constexpr std::array<std::string_view, 14> known{
      "GET",  "HEAD",    "POST",     "PUT",       "DELETE", "MKCOL",  "COPY",
      "MOVE", "OPTIONS", "PROPFIND", "PROPPATCH", "LOCK",   "UNLOCK", "PATCH"};
  auto limit = std::make_shared<MethodLimit>();
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const auto* method = std::ranges::find_if(known, [&](std::string_view name) {
      return equals_ignoring_case(name, directive.word(i));
    });
    if (method == known.end()) {
      reader.error(directive, i, fmt::format("invalid method \"{}\"", directive.word(i)));
      return reader.skip_block(directive.block);
    }
    limit->methods.emplace_back(*method);
  }
  Level inner = reader.nested(in_limit_except);
  auto& locations = reader.proxy().servers[inner.server_index].locations;
  const auto index = static_cast<std::uint32_t>(locations.size());
  locations.emplace_back();
  inner.location_index = index;
  const Reader::Blocks blocks = reader.read_settings(directive.block, inner);
  finish_location(reader, inner);
  inherit_handler(reader.level().location, inner.location);
  reader.proxy().servers[inner.server_index].locations[index] = inner.location;
  reader.read_levels(blocks, inner);
  limit->location = index;
  reader.level().location.limit_except = std::move(limit);
}

constexpr Rule rules[] = {
    level("location", in_server | in_location, take12, read_location),
    level("limit_except", in_location, take1_or_more, read_limit_except),
    supported("error_page", in_all_http, take2_or_more, read_error_page),
    supported("try_files", in_server | in_location, take2_or_more, read_try_files),
    supported("internal", in_location, take0, read_internal),
    supported("empty_gif", in_location, take0, read_empty_gif),
    supported("recursive_error_pages", in_http_server_location, take_switch,
              set_switch<&Location::recursive_error_pages>),
};

}  // namespace

std::span<const Rule> location_rules() {
  return rules;
}

}  // namespace baton::config::nginx
