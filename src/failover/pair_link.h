// The pair link: an authenticated stream (TLS 1.3 with the key of `pair_key`) to the failover
// process of each node of `pair_peer`, for messages that VRRP has no place for. Without both words
// nothing listens and nothing dials; who has no key never gets as far as a message.
//
// Both nodes dial, so that it does not matter which of them a firewall lets through; one
// connection is used (pair_frame.h, judge_hello). It is tried again with a growing pause, kept
// alive by small messages, and given up after `silence_max` without one. Nothing here blocks, and
// queues are bounded: send() fails when there is no link or when the other end is too slow.
//
// How to use it, from other parts of the failover process:
//   link.on(PairMessage::node_summary, [](const PairPeer& from, std::string_view body) { ... });
//   link.on_change([](const PairPeer& peer) { if (peer.is_up()) ... });
//   link.send(peer.address(), PairMessage::node_summary, json.dump());
// Handlers are given once, when the node is made. A type needs a number in PairMessage, and a body
// of at most pair_body_max bytes, JSON or binary. A body comes from who has the key, and may come
// from another version: decode it as carefully as anything of the network. Messages arrive in
// order, each once or, when the connection breaks, not at all.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/model/pair.h"
#include "failover/pair_frame.h"
#include "runtime/gate.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "tls/stream.h"

namespace baton::failover {

class PairConnection;

// One other node.
class PairPeer {
 public:
  struct Counters {
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t connections = 0;  // that were used
  };

  // As in `pair_peer`; what peers are told apart by.
  [[nodiscard]] const net::IpAddress& address() const { return endpoint_.address; }
  [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] bool is_up() const { return connection_ != nullptr; }
  // Its router_id; empty until it was heard.
  [[nodiscard]] const std::string& name() const { return name_; }
  // A number of its run: another one after a restart.
  [[nodiscard]] std::uint64_t run() const { return run_; }
  // Since when the link is as it is.
  [[nodiscard]] Instant since() const { return since_; }
  // Why there is no link, for people; empty while there is.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  friend class PairLink;
  net::Endpoint endpoint_;
  std::string name_;
  std::uint64_t run_ = 0;
  Instant since_{};
  std::string problem_ = "not connected yet";
  Counters counters_;
  PairConnection* connection_ = nullptr;
  Instant chosen_at_{};
  unsigned unproven_ = 0;  // connections that have not been chosen yet
  bool removed_ = false;   // a reload has taken it out
  std::unique_ptr<runtime::Gate> changed_;
};

class PairLink {
 public:
  static constexpr Duration alive_interval = 500ms;
  static constexpr Duration silence_max = 2500ms;
  static constexpr Duration greeting_patience = 3s;
  static constexpr Duration redial_first = 200ms;
  static constexpr Duration redial_longest = 5s;
  static constexpr std::size_t queued_bytes_max = std::size_t{8} * 1024 * 1024;
  static constexpr unsigned unproven_max = 4;  // for each peer

  using Handler = std::function<void(const PairPeer& from, std::string_view body)>;
  using ChangeHandler = std::function<void(const PairPeer& peer)>;

  // Tasks run in `scope`, which is joined after the loop's waits were cancelled.
  PairLink(runtime::Loop& loop, runtime::TaskScope& scope, Log& log);
  ~PairLink();

  void on(PairMessage type, Handler handler);
  // Called when a link has come up or gone down.
  void on_change(ChangeHandler handler) { change_handlers_.push_back(std::move(handler)); }

  // Uses these settings from now on; peers that stay keep their connections, unless the key or the
  // listening address is another. `key_text`: the content of the key file. `name`: what the others
  // are told.
  void configure(const config::PairSettings& settings, const std::string& key_text,
                 const std::string& name);

  // Ends all tasks, so that their scope can be joined once the loop's waits are cancelled.
  void end() { stop_all(); }

  // Fails when there is no such peer or no link to it (`unavailable`), or when it is too far
  // behind (`too_large`).
  Status send(const net::IpAddress& peer, PairMessage type, std::string_view body);
  // To every peer with a link.
  void send_all(PairMessage type, std::string_view body);

  [[nodiscard]] bool enabled() const { return context_ != nullptr; }
  [[nodiscard]] const std::vector<std::shared_ptr<PairPeer>>& peers() const { return peers_; }
  [[nodiscard]] const PairPeer* find(const net::IpAddress& address) const;
  // The number of this run, as the others see it.
  [[nodiscard]] std::uint64_t run() const { return run_; }

 private:
  struct Listening {
    Listening(runtime::Loop& loop, runtime::Fd fd) : listener(loop, std::move(fd)) {}
    runtime::Listener listener;
    bool closed = false;
  };

  void stop_all();
  void listen();
  runtime::Task<void> accept_all(std::shared_ptr<Listening> listening);
  runtime::Task<void> dial(std::shared_ptr<PairPeer> peer);
  runtime::Task<void> dial_once(std::shared_ptr<PairPeer> peer);
  runtime::Task<void> serve(std::shared_ptr<PairPeer> peer, runtime::Fd fd, tls::Role role);
  runtime::Task<void> serve_incoming(std::shared_ptr<PairPeer> peer, runtime::Fd fd);
  // Both hellos and, where it is the other's to say, `use`; the hello when the link may be used.
  runtime::Task<Result<PairHello>> greet(PairPeer& peer, PairConnection& connection);
  runtime::Task<void> read_all(PairPeer& peer, PairConnection& connection);
  void take(PairPeer& peer, const PairFrame& frame);
  void up(PairPeer& peer, PairConnection& connection, const PairHello& hello);
  void down(PairPeer& peer, PairConnection& connection, const Error& why);
  void tell_change(const PairPeer& peer);

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  Log& log_;
  const std::uint64_t run_;
  config::PairSettings settings_;
  std::string key_text_;
  std::string name_;
  std::shared_ptr<tls::PskContext> context_;
  std::vector<std::shared_ptr<PairPeer>> peers_;
  std::shared_ptr<Listening> listening_;
  std::string listen_problem_;  // as the log has it
  std::map<PairMessage, Handler> handlers_;
  std::vector<ChangeHandler> change_handlers_;
};

}  // namespace baton::failover
