// `baton history` for people, from what the failover process answers (failover/history.h).
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace baton::cli {

// The newest `count` transitions, oldest first; without timelines when `brief`.
std::string history_text(const nlohmann::json& history, std::size_t count, bool brief = false);

// The same selection as JSON.
nlohmann::json newest_transitions(nlohmann::json history, std::size_t count);

}  // namespace baton::cli
