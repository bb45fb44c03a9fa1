// What ps shows. The kernel name (comm) is a contract with check scripts (`killall -0 nginx`,
// `killall keepalived`); the command line is for people ("nginx: worker process").
#pragma once

#include <string_view>

namespace baton::supervisor {

// To be called first in main: remembers where the command line lies, moves the environment away
// from behind it to make room.
void prepare_process_title(int argc, char** argv);
// Overwrites what /proc/self/cmdline shows; cut to the room there is. Does nothing when
// prepare_process_title() was not called.
void set_process_title(std::string_view title);
// The kernel name of the calling thread, 15 bytes at most; threads made later inherit it.
void set_process_name(std::string_view name);

}  // namespace baton::supervisor
