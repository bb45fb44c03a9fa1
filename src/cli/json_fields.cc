// Lookups that forgive.

#include "cli/json_fields.h"

namespace baton::cli {

using nlohmann::json;

const json& member(const json& object, const char* key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

std::string text_of(const json& object, const char* key, const char* otherwise) {
  const json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : otherwise;
}

std::int64_t number_of(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_number() ? value.get<std::int64_t>() : 0;
}

std::optional<double> decimal_of(const json& object, const char* key) {
  const json& value = member(object, key);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

bool flag_of(const json& object, const char* key) {
  const json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace baton::cli
