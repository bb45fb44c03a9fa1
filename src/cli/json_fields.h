// Fields of a status object, for pages that are made of it. What is missing, or of another type,
// reads as nothing: a page must not fail because another version of baton answered.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace baton::cli {

const nlohmann::json& member(const nlohmann::json& object, const char* key);
std::string text_of(const nlohmann::json& object, const char* key, const char* otherwise = "");
std::int64_t number_of(const nlohmann::json& object, const char* key);
// Absent for null and for what is no number.
std::optional<double> decimal_of(const nlohmann::json& object, const char* key);
bool flag_of(const nlohmann::json& object, const char* key);

}  // namespace baton::cli
