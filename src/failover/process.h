// The failover process as the supervisor sees it: what it is given when it is forked, and the one
// function that it runs until it ends.
//
// The supervisor has forked, named the process (comm `keepalived`), left it NET_ADMIN and NET_RAW
// alone and tied it to its own life (PR_SET_PDEATHSIG gives TERM, which releases the addresses);
// signals are at their defaults. What happens then over the channel is told in ipc/messages.h.
#pragma once

#include "failover/inputs.h"

namespace baton::failover {

// Runs VRRP until told to end; gives the process's exit code: 0 after `stop`, TERM or INT, with
// all addresses released; anything else is a crash and is answered by a restart.
int run_process(ProcessInputs inputs);

}  // namespace baton::failover
