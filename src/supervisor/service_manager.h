// What systemd (Type=notify) is told: the tree is ready, reloads, stops. The protocol is a
// datagram of KEY=VALUE lines to the unix socket named by NOTIFY_SOCKET (sd_notify(3)); without
// that variable every call does nothing.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/time.h"

namespace baton::supervisor {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and takes it out of the environment, so that no child speaks for us.
  static ServiceManager from_environment();
  explicit ServiceManager(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  void ready(pid_t main_pid, std::string_view status) const;
  void reloading() const;
  void stopping() const;
  // The stop may take so much longer, however short TimeoutStopSec is.
  void extend_stop(Duration duration, std::string_view status) const;
  void status(std::string_view text) const;

 private:
  void send(const std::string& lines) const;
  std::string socket_path_;
};

}  // namespace baton::supervisor
