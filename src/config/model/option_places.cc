// Wording of places.

#include "config/model/option_places.h"

#include <fmt/format.h>

namespace baton::config {

namespace {

std::string file_and_line(const Position& where) {
  return fmt::format("{}:{}", where.file ? *where.file : "command line", where.line);
}

}  // namespace

std::string place_text(const OptionPlaces& places, const std::string& keyword,
                       const Position& fallback) {
  const auto found = places.find(keyword);
  if (found == places.end()) {
    return fmt::format("{}: (no {})", file_and_line(fallback), keyword);
  }
  return fmt::format("{}: {}", file_and_line(found->second.where), found->second.text);
}

}  // namespace baton::config
