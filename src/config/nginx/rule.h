// What the grammar knows of one directive: its name, the contexts that it may stand in, how many
// arguments it takes, and what baton does with it. Topics are tables of these, one file a topic
// (topics.h); the values of Context and Arguments combine by "|".
#pragma once

#include <cstdint>
#include <string_view>

namespace baton::config::nginx {

class Reader;
struct Directive;

// A place in the tree of blocks, a bit each.
enum Context : std::uint32_t {
  in_main = 1 << 0,
  in_events = 1 << 1,
  in_http = 1 << 2,
  in_server = 1 << 3,
  in_location = 1 << 4,
  in_upstream = 1 << 5,
  in_server_if = 1 << 6,
  in_location_if = 1 << 7,
  in_limit_except = 1 << 8,
  in_stream = 1 << 9,  // anywhere below stream
  in_mail = 1 << 10,   // anywhere below mail
  in_other = 1 << 11,  // inside a special block (otel_exporter, match, ...)
  in_http_server_location = in_http | in_server | in_location,
  in_all_http = in_http_server_location | in_location_if,
};

// Numbers of arguments, a bit each, and the shape of the directive.
enum Arguments : std::uint32_t {
  take0 = 1 << 0,
  take1 = 1 << 1,
  take2 = 1 << 2,
  take3 = 1 << 3,
  take4 = 1 << 4,
  take5 = 1 << 5,
  take6 = 1 << 6,
  take7 = 1 << 7,
  take_any = 1 << 8,
  take1_or_more = 1 << 9,
  take2_or_more = 1 << 10,
  take_switch = 1 << 11,  // one argument, "on" or "off"
  block = 1 << 12,
  take12 = take1 | take2,
  take23 = take2 | take3,
  take123 = take12 | take3,
  take1234 = take123 | take4,
};

// The syntax of the first argument, where nginx checks it while reading. All but `any` also mean
// that the directive may stand only once on a level.
enum class Value : std::uint8_t {
  any,   // whatever: checked by the handler, if at all
  text,  // whatever, once
  number,
  size,
  offset,
  milliseconds,
  seconds,
  buffers  // number and size
};

enum class Support : std::uint8_t {
  full,        // the handler takes it into the model
  no_effect,   // right to accept, nothing to do: the user gets a note
  only_value,  // accepted where it asks for what baton does anyway (`accepted`), refused otherwise
  refused      // nginx's, not baton's: an error that says so
};

using Handler = void (*)(Reader& reader, const Directive& directive);

struct Rule {
  std::string_view name;
  std::uint32_t contexts = 0;
  std::uint32_t arguments = 0;
  Support support = Support::refused;
  Handler handler = nullptr;
  Value value = Value::any;
  std::string_view accepted;  // only_value: the arguments, joined by blanks
  std::string_view reason;    // no_effect: why, where it is not plain
  // A block that is a level of its own: read after the simple directives of its level, because it
  // inherits from them wherever they stand.
  bool is_level = false;
};

// The constructors that tables are written with.
constexpr Rule supported(std::string_view name, std::uint32_t contexts, std::uint32_t arguments,
                         Handler handler, Value value = Value::any) {
  return {name, contexts, arguments, Support::full, handler, value, {}, {}, false};
}
constexpr Rule level(std::string_view name, std::uint32_t contexts, std::uint32_t arguments,
                     Handler handler, Value value = Value::any) {
  return {name, contexts, arguments | block, Support::full, handler, value, {}, {}, true};
}
constexpr Rule no_effect(std::string_view name, std::uint32_t contexts, std::uint32_t arguments,
                         Value value = Value::any, std::string_view reason = {}) {
  return {name, contexts, arguments, Support::no_effect, nullptr, value, {}, reason, false};
}
constexpr Rule only_value(std::string_view name, std::uint32_t contexts, std::uint32_t arguments,
                          std::string_view accepted, Value value = Value::any) {
  return {name, contexts, arguments, Support::only_value, nullptr, value, accepted, {}, false};
}
constexpr Rule refused(std::string_view name, std::uint32_t contexts, std::uint32_t arguments,
                       Value value = Value::any) {
  return {name, contexts, arguments, Support::refused, nullptr, value, {}, {}, false};
}

}  // namespace baton::config::nginx
