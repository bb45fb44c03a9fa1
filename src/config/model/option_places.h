// Where the options of a block were written, and how: for messages that name the line of this node
// beside that of another one.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/source.h"

namespace baton::config {

struct OptionPlace {
  Position where;
  std::string text;  // the statement; without what is secret
};

// By keyword; of repeated ones the last.
using OptionPlaces = std::map<std::string, OptionPlace, std::less<>>;

// "/etc/keepalived/keepalived.conf:12: advert_int 1"; when the option was not written, that of the
// block `fallback` and the words "(no KEYWORD)".
std::string place_text(const OptionPlaces& places, const std::string& keyword,
                       const Position& fallback);

}  // namespace baton::config
