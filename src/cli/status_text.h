// `baton status` for people: the JSON of one or several trees as a page of text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace baton::cli {

// `trees`: an array of what each running tree answered. Fields that are missing are left out:
// the page must come even when a process of the tree does not answer.
std::string status_text(const nlohmann::json& trees);

// Adds `requests_per_second` beside every counter `requests` of `now`, from `before`, which is the
// same status taken `seconds` earlier.
void add_rates(nlohmann::json& now, const nlohmann::json& before, double seconds);

// "3 d 4 h", "2 h 5 min", "12 min 3 s", "4.2 s".
std::string age_text(std::int64_t ms);

}  // namespace baton::cli
