// What the supervisor gives the failover process when it forks it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "config/keepalived/load.h"
#include "config/model/failover.h"
#include "runtime/fd.h"

namespace baton::failover {

struct ProcessInputs {
  std::shared_ptr<const config::Failover> config;
  // How the files of a `configure` message (packed sources) are to be read.
  config::keepalived::LoadOptions load_options;
  std::string pair_key;    // the text of the key file; empty: no pair link
  runtime::Fd channel;     // SOCK_SEQPACKET to the supervisor
  Log* log = nullptr;      // ident and destination are set; outlives the call
  bool log_detail = true;  // keepalived's -D
  // keepalived's -V: leave addresses where they are at the end and send no priority 0.
  bool keep_addresses_at_end = false;
  // True under `baton run` with a proxy: instances that do not say `track_proxy` track it.
  // False: they do so once a proxy has been announced by `proxy_attached`.
  bool proxy_expected = false;
  // Gives the executor of the last will (last_will.h) its name for ps.
  std::function<void()> rename_executor;
};

}  // namespace baton::failover
