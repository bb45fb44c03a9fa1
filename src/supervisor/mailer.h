// Mail about changes of state (smtp_alert of keepalived.conf), sent by SMTP (RFC 5321).
//
// Sending blocks, so each letter is sent by a process of its own that has given all privileges away
// and ends within a bounded time; the supervisor only waits for it. Letters go out one after the
// other, in the order of the events; one that cannot be delivered is tried again a bounded number
// of times, and the queue is bounded, too: then the oldest is dropped.
#pragma once

#include <deque>
#include <string>

#include "base/log.h"
#include "config/model/messages.h"
#include "ipc/messages.h"
#include "runtime/gate.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace baton::supervisor {

struct Letter {
  config::Mail mail;  // as configured when the event happened
  std::string text;   // header and body, lines end in CR LF
};

// What keepalived writes about `announcement`: Subject `[ROUTER] VRRP Instance VI_1 - Entering
// MASTER state`. `date` is of RFC 5322.
Letter make_letter(const ipc::Announcement& announcement, const config::Mail& mail,
                   const std::string& router_id, const std::string& date);

// The local time in the form of RFC 5322, section 3.3.
std::string mail_date(WallTime time);

class Mailer {
 public:
  static constexpr std::size_t waiting_max = 64;
  static constexpr int tries_max = 3;
  // After the connection is there: how long the rest of the conversation may take.
  static constexpr Duration conversation_max = 30s;
  static constexpr Duration retry_pauses[tries_max - 1] = {5s, 30s};

  Mailer(runtime::Loop& loop, runtime::TaskScope& scope, Log& log)
      : loop_(loop), scope_(scope), log_(log) {}

  // Returns at once.
  void send(Letter letter);
  [[nodiscard]] bool idle() const { return !busy_; }

 private:
  runtime::Task<void> deliver_all();
  runtime::Task<void> deliver(const Letter& letter);
  // The code of libcurl, 0 for delivered.
  runtime::Task<int> try_once(const Letter& letter);

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  Log& log_;
  std::deque<Letter> waiting_;
  bool busy_ = false;
  std::uint64_t dropped_ = 0;
};

}  // namespace baton::supervisor
