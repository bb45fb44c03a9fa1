// Handlers for directives that put one value into one member of the model, made from a pointer to
// that member: set_switch<&Location::sendfile>. The member's class decides where on the level the
// value goes.
#pragma once

#include <fmt/format.h>

#include <array>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "config/nginx/reader.h"
#include "config/nginx/value.h"

namespace baton::config::nginx {

inline Location& target(Reader& reader, const Location*) {
  return reader.level().location;
}
inline Server& target(Reader& reader, const Server*) {
  return reader.level().server;
}
inline ProxyPass& target(Reader& reader, const ProxyPass*) {
  return reader.level().proxy;
}
inline UpstreamGroup& target(Reader& reader, const UpstreamGroup*) {
  return reader.level().upstream;
}
inline Proxy& target(Reader& reader, const Proxy*) {
  return reader.proxy();
}

template <typename Class, typename Type>
Class class_of(Type Class::*);
template <typename Class, typename Type>
Type type_of(Type Class::*);

// The member behind an optional is set like the member itself.
template <typename Type>
struct Bare {
  using type = Type;
};
template <typename Type>
struct Bare<std::optional<Type>> {
  using type = Type;
};

template <auto Member, typename Value>
void store(Reader& reader, Value value) {
  using Class = decltype(class_of(Member));
  target(reader, static_cast<const Class*>(nullptr)).*Member = std::move(value);
}

template <auto Member>
void set_switch(Reader& reader, const Directive& directive) {
  // The grammar has seen to it that the word is one.
  store<Member>(reader, parse_switch(directive.word(1)).value_or(false));
}

// A switch that baton takes but does not act upon: a note where it is not as baton does it anyway.
template <auto Member, bool Natural>
void set_switch_without_effect(Reader& reader, const Directive& directive) {
  set_switch<Member>(reader, directive);
  if (parse_switch(directive.word(1)) != Natural) reader.note_no_effect(directive, {});
}

template <auto Member, std::optional<std::uint64_t> (*Parse)(std::string_view)>
void set_unsigned(Reader& reader, const Directive& directive, std::string_view problem) {
  using Number = typename Bare<decltype(type_of(Member))>::type;
  const auto value = Parse(directive.word(1));
  if (!value || *value > std::uint64_t{std::numeric_limits<Number>::max()}) {
    return reader.directive_error(directive, 1, problem);
  }
  store<Member>(reader, static_cast<Number>(*value));
}

template <auto Member>
void set_number(Reader& reader, const Directive& directive) {
  set_unsigned<Member, parse_number>(reader, directive, "invalid number");
}
template <auto Member>
void set_size(Reader& reader, const Directive& directive) {
  set_unsigned<Member, parse_size>(reader, directive, "invalid value");
}
template <auto Member>
void set_offset(Reader& reader, const Directive& directive) {
  set_unsigned<Member, parse_offset>(reader, directive, "invalid value");
}

template <auto Member>
void set_milliseconds(Reader& reader, const Directive& directive) {
  const auto value = parse_milliseconds(directive.word(1));
  if (!value) return reader.directive_error(directive, 1, "invalid value");
  store<Member>(reader, *value);
}

template <auto Member>
void set_text(Reader& reader, const Directive& directive) {
  store<Member>(reader, directive.word(1));
}

// One word of a fixed set.
template <typename Value, std::size_t Count>
std::optional<Value> choose(Reader& reader, const Directive& directive, std::size_t index,
                            const std::array<std::pair<std::string_view, Value>, Count>& choices) {
  for (const auto& [word, value] : choices) {
    if (equals_ignoring_case(directive.word(index), word)) return value;
  }
  reader.error(directive, index, fmt::format("invalid value \"{}\"", directive.word(index)));
  return std::nullopt;
}

}  // namespace baton::config::nginx
