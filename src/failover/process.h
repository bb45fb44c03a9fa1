// The failover process as the supervisor sees it: what it is given when it is forked, and the one
// function that it runs until it ends.
//
// The supervisor has forked, named the process (comm `keepalived`), left it NET_ADMIN and NET_RAW
// alone and tied it to its own life (PR_SET_PDEATHSIG gives TERM, which releases the addresses);
// signals are at their defaults. What happens then over the channel is told in ipc/messages.h.
#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "config/keepalived/load.h"
#include "config/model/failover.h"
#include "runtime/fd.h"

namespace baton::failover {

struct ProcessInputs {
  std::shared_ptr<const config::Failover> config;
  // How the files of a `configure` message (packed sources) are to be read.
  config::keepalived::LoadOptions load_options;
  runtime::Fd channel;     // SOCK_SEQPACKET to the supervisor
  Log* log = nullptr;      // ident and destination are set; outlives the call
  bool log_detail = true;  // keepalived's -D
  // keepalived's -V: leave addresses where they are at the end and send no priority 0.
  bool keep_addresses_at_end = false;
  // True under `baton run` with a proxy: instances that do not say `track_proxy` track it.
  // False: they do so once a proxy has been announced by `proxy_attached`.
  bool proxy_expected = false;
};

// Runs VRRP until told to end; gives the process's exit code: 0 after `stop`, TERM or INT, with
// all addresses released; anything else is a crash and is answered by a restart.
int run_process(ProcessInputs inputs);

}  // namespace baton::failover
