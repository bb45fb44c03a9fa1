// `nginx -T`: the text of every file of a configuration, each once, in the order of reading.
#pragma once

#include <string>

#include "config/source.h"

namespace baton::config::nginx {

// Meant for sources that load() has read from.
std::string dump(SourceTree& sources);

}  // namespace baton::config::nginx
