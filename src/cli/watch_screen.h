// The page of `baton status --watch`: the whole pair on one screen. Pure: status objects and the
// size of the screen in, lines out; cli/watch.h has the terminal.
//
// From top to bottom, most important first, so that a small screen loses the least: who holds which
// address and why, on every node that can be asked; what is wrong; paths between the nodes;
// upstreams; the last transitions of all nodes.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace baton::cli {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;     // 0: as many as there are
  std::size_t scrolled = 0;  // lines below the headline that have been passed by
};

struct Screen {
  std::vector<std::string> lines;
  std::size_t scrolled = 0;  // as asked for, at most as far as there is something to see
  std::size_t below = 0;     // lines that did not fit
};

struct ScreenStyle {
  bool colours = false;
  bool unicode = false;  // lines and dots; else ASCII
};

// Lines of at most `size.columns` characters, at most `size.rows` of them. Where several instances
// do not fit, each has one line, and what is wrong with it. `trees` as for status_text(); `clock`
// is shown in the corner.
Screen watch_screen(const nlohmann::json& trees, const ScreenSize& size, const ScreenStyle& style,
                    std::string_view clock);

// What a reader of a log would want to be told of: changes when something has happened, not when
// only time has passed or traffic has flowed.
std::string essence_of(const nlohmann::json& trees);

// How many columns `text` (UTF-8) takes, and its beginning of at most `columns` of them.
std::size_t columns_of(std::string_view text);
std::string_view cut_to_columns(std::string_view text, std::size_t columns);

}  // namespace baton::cli
