// The listening sockets of the proxy, which belong to the supervisor: opened before the proxy
// starts, inherited by every generation, kept over reloads and crashes, so that no connection in a
// queue is ever lost. Each listener has one SO_REUSEPORT socket per proxy thread (a unix socket:
// one), so the kernel spreads connections and no lock is shared.
//
// SO_REUSEPORT would also let a second instance of baton join in silently; so an address is first
// tried without it, and a foreign listener gives EADDRINUSE as with nginx.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/model/proxy.h"
#include "proxy/process.h"
#include "runtime/fd.h"

namespace baton::supervisor {

class ListenSockets {
 public:
  // Makes sockets for all `listeners` so that there are at least `threads` of each; sockets that
  // are already there are kept and their settings (backlog, buffers) brought up to date. On
  // failure nothing changes and `problem` gets nginx's words:
  // `bind() to 0.0.0.0:80 failed (98: Address already in use)`.
  bool open(const std::vector<config::Listener>& listeners, std::uint32_t threads,
            std::string& problem);
  // Whether open() could do it, as `nginx -t` asks: each address is bound, listened at and left
  // again. That somebody has it already is no problem (a running server, most likely). Gives the
  // problem in nginx's words, or nothing.
  static std::string try_to_listen(const std::vector<config::Listener>& listeners);
  // Closes all that are not among `listeners`.
  void keep_only(const std::vector<config::Listener>& listeners);
  void close_all() { keep_only({}); }
  // Takes listening sockets that another binary has left (upgrade.h). Those that the configuration
  // does not name go with the next keep_only().
  void adopt(std::vector<runtime::Fd> sockets);
  // While another tree listens on the same sockets, the files of unix sockets are not removed.
  void share_files(bool shared) { files_are_shared_ = shared; }

  // The sockets themselves, in the order of `listeners`, which must all be open: for a forked
  // child, whose copies are its own to close.
  std::vector<proxy::ListenSockets> take(const std::vector<config::Listener>& listeners);
  // The numbers of all that are open.
  [[nodiscard]] std::vector<int> descriptors() const;
  // Their numbers, to be kept open over the fork.
  [[nodiscard]] std::vector<int> descriptors(const std::vector<config::Listener>& listeners) const;
  [[nodiscard]] std::size_t count() const;

 private:
  struct Opened {
    std::vector<runtime::Fd> sockets;
  };
  // By address, for TCP together with what cannot be changed on a living socket.
  using Key = std::pair<config::ListenAddress, bool>;
  static Key key_of(const config::Listener& listener);
  [[nodiscard]] bool holds_overlapping(const std::map<Key, Opened>& fresh,
                                       const config::ListenAddress& address) const;
  bool open_one(const config::Listener& listener, std::uint32_t threads,
                std::map<Key, Opened>& fresh, std::string& problem);

  std::map<Key, Opened> opened_;
  bool files_are_shared_ = false;
};

}  // namespace baton::supervisor
