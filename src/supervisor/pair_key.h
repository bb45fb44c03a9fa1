// The key file of the pair link, read while the supervisor still may.
#pragma once

#include <string>

namespace baton::supervisor {

// The text of the key file, or the problem in `problem`: not there, not a key, or somebody other
// than its owner may read it.
std::string read_pair_key(const std::string& path, std::string& problem);

}  // namespace baton::supervisor
