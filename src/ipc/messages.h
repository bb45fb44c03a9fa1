// What the processes of the tree say to each other over their socketpairs. One Message is one
// SOCK_SEQPACKET datagram: a type, two numbers, a text and up to Channel::fds_max descriptors; a
// text that is too long for a datagram travels as a sealed memfd, which Channel (ipc/channel.h)
// hides.
//
//   supervisor -> child                        child -> supervisor
//   configure(text: packed sources)            ready
//   drain / stop / reopen_logs                 failed(text: why)
//   status_request(number: ticket)             status_reply(number: ticket, text: JSON)
//   proxy_attached(fds: page, life)            reload_wanted
//   proxy_retired(number: generation)          run_script(number: ticket, text: ScriptRequest)
//   script_result(number: ticket, ...)         kill_scripts
//   dump(number: signal)                       announce(text: Announcement)
//   clients(fds: idle client connections)      clients(fds: ...)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "runtime/fd.h"

namespace baton::ipc {

enum class MessageType : std::uint8_t {
  // supervisor -> child
  configure = 1,  // failover: use this configuration from now on; answered by ready or failed
  drain,          // proxy: stop accepting, finish what runs, exit. number = 1: hand idle clients
                  // over with `clients` messages instead of closing them (reload)
  stop,           // end now, in an orderly way (failover: release addresses first)
  reopen_logs,
  status_request,  // number: ticket, text: a subject ("history"), or nothing for the status
  proxy_attached,  // failover: number = generation, fds = {pulse page, life}; see ipc/pulse.h
  proxy_retired,   // failover: number = generation; second = 1: stopped on purpose and none follows
  script_result,   // number: ticket, second: ScriptOutcome, text: ScriptResult
  dump,            // failover: number = the signal that keepalived takes for it (USR1, USR2, ...)
  pair_key,        // failover: text = that of the key file, for the `configure` that follows
  addresses_leave,  // proxy: connections to these addresses (text, between blanks; empty: none) end
                    // at their next response. number = 1: those that idle end now
  pass,             // failover: number = ticket, text = "INSTANCE\nPEER", either may be empty
  // child -> supervisor
  ready = 64,
  failed,
  status_reply,
  reload_wanted,  // a child got HUP: the tree reloads
  run_script,     // failover: number = ticket, text = ScriptRequest
  kill_scripts,   // failover: end all check scripts that run
  announce,       // failover: text = Announcement, for FIFOs and mail
  pass_reply,     // failover: number = ticket, second = 1: done, text: for people
  handed_over,    // failover, stopping: its addresses are with another node, and connections that
                  // began here are served on; `stop` once more when there are none
  leaving,        // failover: number and text for the proxy's addresses_leave
  // both ways
  clients = 128,  // idle kept-alive client connections on their way to the next generation
};

struct Message {
  MessageType type{};
  std::uint64_t number = 0;
  std::uint64_t second = 0;
  std::string text;
  std::vector<runtime::Fd> fds;
};

// Which command the supervisor shall run. The supervisor takes the command line from its own
// parsed configuration, so that a failover process gone wrong cannot have other programs run.
struct ScriptRequest {
  enum class Kind : std::uint8_t { check, notify_instance, notify_group } kind = Kind::check;
  std::uint32_t index = 0;  // of the script, instance or group in config::Failover
  // Notifications only: which command of these, and what is appended for `notify`.
  enum class Event : std::uint8_t {
    master,
    backup,
    fault,
    stop,
    any,
    lower_priority,
    deleted
  } event = Event::any;
  std::string state;           // "MASTER", "BACKUP", "FAULT", "STOP", "DELETED"
  std::uint32_t priority = 0;  // appended for `any`
  // The index is that of the configuration before this one, which a reload has replaced.
  bool of_previous = false;

  [[nodiscard]] std::string encode() const;
  static std::optional<ScriptRequest> decode(const std::string& text);
};

// Something that happened to an instance or group, for those who read along: one line in each
// FIFO, and a mail where one is wanted.
struct Announcement {
  bool of_group = false;
  bool by_mail = false;
  bool by_fifo = true;
  std::uint32_t priority = 0;  // of a group: 0
  std::string state;           // "MASTER", "BACKUP_PRIORITY", ...: one word
  std::string name;

  // `INSTANCE "VI_1" MASTER 100`, without the end of the line.
  [[nodiscard]] std::string line() const;
  [[nodiscard]] std::string encode() const;
  static std::optional<Announcement> decode(const std::string& text);
};

enum class ScriptOutcome : std::uint8_t { exited, signalled, timed_out, not_started };

struct ScriptResult {
  ScriptOutcome outcome = ScriptOutcome::exited;
  int code = 0;  // exit status, signal number, or errno of the start
  Duration took = 0s;

  [[nodiscard]] std::string encode() const;
  static std::optional<ScriptResult> decode(const std::string& text);
};

}  // namespace baton::ipc
