// `baton key [FILE]`: makes the key that the nodes of a pair share (keepalived.conf: pair_key).
#pragma once

#include <string>

namespace baton::cli {

inline constexpr const char* default_key_path = "/etc/baton/pair.key";

// Writes a new key to `path`, for its owner alone, and never over a file that is there; "-" is
// standard output. Gives the exit code.
int make_key(const std::string& path);

}  // namespace baton::cli
