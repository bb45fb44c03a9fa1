// BFD on the loop: the sockets and the timer of a bfd::SessionTable. Every decision is the table's.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/log.h"
#include "bfd/session_table.h"
#include "failover/read_watch.h"
#include "linux/bfd_socket.h"
#include "runtime/loop.h"

namespace baton::failover {

class BfdSessions {
 public:
  class Owner {
   public:
    virtual void on_session(const bfd::TableEntry& entry,
                            const bfd::action::SessionChanged& change) = 0;

   protected:
    ~Owner() = default;
  };

  BfdSessions(runtime::Loop& loop, Log& log, Owner& owner, std::uint64_t seed);

  void configure(const std::vector<bfd::ConfiguredSession>& wanted);
  void watch(const std::vector<bfd::FollowWish>& wishes, std::vector<bfd::AnswerRule> rules);
  void slept();
  // Tells all neighbors that we end on purpose.
  void close();

  [[nodiscard]] const bfd::SessionTable& table() const { return table_; }

 private:
  static constexpr int packets_per_turn = 256;
  struct Port {
    net::Family family{};
    bool multihop = false;
    friend auto operator<=>(const Port&, const Port&) = default;
  };
  struct Receiver {
    Receiver(runtime::Loop& loop, linux::BfdReceiver opened, std::function<bool()> drain)
        : socket(std::move(opened)), watch(loop, socket.release(), std::move(drain)) {}
    linux::BfdReceiver socket;
    ReadWatch watch;
  };

  void on_timer();
  bool drain(const Port& port);
  void apply(const bfd::TableActions& actions);
  void send(const bfd::action::SendTo& packet);
  // Opens what sessions and rules need now, and closes the rest.
  void review_receivers();

  runtime::Loop& loop_;
  Log& log_;
  Owner& owner_;
  bfd::SessionTable table_;
  std::vector<net::Family> answered_;  // families of the rules
  std::map<Port, std::unique_ptr<Receiver>> receivers_;
  std::set<Port> refused_;  // told once
  std::map<std::uint32_t, linux::BfdSender> senders_;
  std::map<std::uint32_t, int> last_error_;
  runtime::Timer timer_;
};

}  // namespace baton::failover
