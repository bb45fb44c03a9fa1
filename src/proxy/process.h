// The proxy process as the supervisor sees it: what a generation is given when it is forked, and
// the one function that it runs until it ends.
//
// The supervisor has forked, named the process (comm `nginx`), dropped the user and tied it to its
// own life (PR_SET_PDEATHSIG); signals are at their defaults. What happens then over the channel
// is told in ipc/messages.h: `ready` once every thread accepts, `failed` when that is impossible,
// `drain` and `stop` from above, idle clients handed upwards as `clients` and taken as `clients`.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "config/model/proxy.h"
#include "ipc/pulse.h"
#include "runtime/fd.h"

namespace baton::ipc {
class SharedRegion;
}

namespace baton::proxy {

class LogFiles;

// The sockets of one config::Listener, bound and listening, not blocking. There may be more than
// threads (after a reload with fewer) or fewer (unix sockets have one): thread i serves those with
// index % threads == i, so that no socket is left without anyone who accepts.
struct ListenSockets {
  std::vector<runtime::Fd> sockets;
};

struct ProcessInputs {
  std::shared_ptr<const config::Proxy> config;
  std::uint64_t generation = 0;          // counts up with every fork, over reloads and restarts
  std::uint32_t threads = 1;             // worker_processes, with "auto" resolved; at least 1
  std::vector<ListenSockets> listeners;  // as config->listeners
  runtime::Fd channel;                   // SOCK_SEQPACKET to the supervisor
  ipc::Pulse* pulse = nullptr;           // this generation's page, its threads turn it
  runtime::Fd life;                      // held open, never read or written: see ipc/pulse.h
  ipc::SharedRegion* region = nullptr;   // counters and health that outlive the generation
  LogFiles* logs = nullptr;              // opened by the supervisor (proxy/logs/log_files.h)
};

// Serves until told to end; gives the process's exit code: 0 after drain, stop, QUIT or TERM (the
// supervisor tells "asked for" from "killed from outside" by what it asked for itself), anything
// else is a crash and is answered by a restart.
int run_process(ProcessInputs inputs);

}  // namespace baton::proxy
