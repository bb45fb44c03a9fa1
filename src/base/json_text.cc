// dump() and parse() with what makes them safe.

#include "base/json_text.h"

#include <nlohmann/json.hpp>

namespace baton {

using nlohmann::json;

std::string json_text(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

json parse_json(std::string_view text) {
  bool too_deep = false;
  const auto judge = [&too_deep](int depth, json::parse_event_t, const json&) {
    too_deep = too_deep || depth > json_depth_max;
    return !too_deep;
  };
  json value = json::parse(text, judge, false);
  return too_deep ? json(json::value_t::discarded) : value;
}

}  // namespace baton
