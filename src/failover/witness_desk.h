// Asks witnesses on behalf of routers: ping, ARP, TCP, HTTP. All witnesses of a question are asked
// at once; the first that answers is the answer, and when none does within the time it is no.
//
// An HTTP witness answers by any status below 500: a server that says no is there all the same.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/model/guard.h"
#include "failover/link_table.h"
#include "failover/read_watch.h"
#include "linux/arp.h"
#include "linux/echo_socket.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace baton::failover {

class WitnessDesk {
 public:
  using Answer = std::function<void(bool reachable, const std::string& detail)>;
  struct Question {
    std::vector<config::Witness> witnesses;
    Duration timeout{};
    std::string interface;  // for ARP: where to ask, and from which address
    net::IpAddress source;
  };

  // `tasks` outlives the desk and is joined by its owner.
  WitnessDesk(runtime::Loop& loop, runtime::TaskScope& tasks, const LinkTable& links)
      : loop_(loop), tasks_(tasks), links_(links) {}

  // Asks for `asker`; `answer` is called once, not before this call has returned. A question of
  // the same asker that is still open is forgotten.
  void ask(const std::string& asker, const Question& question, Answer answer);
  void forget(const std::string& asker) { open_.erase(asker); }
  // An ARP reply or announcement was heard.
  void on_claim(const linux::ArpClaim& claim);

 private:
  struct Open {
    std::uint64_t number = 0;
    Question question;
    Answer answer;
    Instant asked_at{};
    std::string last_problem;
    std::unique_ptr<runtime::Timer> end;
  };
  struct Echo {
    linux::EchoSocket socket;
    std::unique_ptr<ReadWatch> watch;
  };

  void start(Open& open, const config::Witness& witness);
  Status ping(Open& open, const config::Witness& witness);
  Status request_arp(const Open& open, const config::Witness& witness);
  runtime::Task<void> connect(std::string asker, std::uint64_t number, config::Witness witness,
                              Instant deadline);
  runtime::Task<Status> converse(config::Witness witness, Instant deadline);
  bool read_echoes(Echo& echo);
  Open* find(const std::string& asker, std::uint64_t number);
  void settle(const std::string& asker, std::uint64_t number, const config::Witness& witness,
              const Status& outcome);
  // Copies: both may live in what it removes.
  void conclude(std::string asker, bool reachable, std::string detail);

  runtime::Loop& loop_;
  runtime::TaskScope& tasks_;
  const LinkTable& links_;
  std::map<std::string, Open> open_;  // by asker
  std::uint64_t last_number_ = 0;
  std::map<net::Family, std::unique_ptr<Echo>> echoes_;
  std::unique_ptr<linux::ArpSocket> arp_;
};

}  // namespace baton::failover
