// The root of the tree, from the parsed command line to the exit code.
#pragma once

#include "supervisor/options.h"

namespace baton::supervisor {

// Reads the configuration (all problems to stderr; nothing is opened or changed when it cannot be
// used), goes into the background if asked to, and runs the tree until it is stopped.
int supervise(Options options);

}  // namespace baton::supervisor
