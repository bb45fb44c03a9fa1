// What locations, and the blocks in them that have settings of their own, have in common.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Called when the simple directives of a location (or of an `if` or `limit_except` in one) have
// all been read: checks what belongs together and fills in what follows from it.
void finish_location(Reader& reader, Level& level);

// An `if` or `limit_except` answers with what the location around it answers with, unless it names
// something itself (a nested location does not).
void inherit_handler(const Location& outer, Location& inner);

}  // namespace baton::config::nginx
