// `baton status --watch`: the live page (watch_screen.h) on a terminal, twice a second, until q is
// pressed; where the output is no terminal, a block for every change instead.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace baton::cli {

// `look` gives the present status of all trees. The exit code.
int watch(const std::function<nlohmann::json()>& look);

}  // namespace baton::cli
