// When nginx and keepalived were started separately, each under its own supervisor, they find each
// other by a socket in the run directory: the keepalived side listens, the nginx side connects and
// tells of its proxy generations, descriptors and all; it is told of addresses that leave
// (ipc::MessageType::addresses_leave). Nothing else is said over it. Either may come first, go and
// come back.
//
// The socket is root's alone (mode 0600, and the peer's uid is looked at).
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "control/local_listener.h"
#include "ipc/channel.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "supervisor/pulse_receiver.h"

namespace baton::supervisor {

// The keepalived side: passes on what comes in, with numbers of its own, since each nginx-side
// supervisor counts from one.
class FailoverLinkServer {
 public:
  static constexpr std::size_t connections_max = 8;

  FailoverLinkServer(runtime::Loop& loop, runtime::TaskScope& scope, Log& log,
                     PulseReceiver& receiver)
      : loop_(loop),
        log_(log),
        receiver_(receiver),
        listener_(loop, scope, connections_max,
                  [this](runtime::Fd fd) { return serve(std::move(fd)); }) {}

  // Listens at `path`, replacing what a crash has left there.
  Status listen(const std::string& path);
  // To all who are connected, and, of addresses that have not come back, to who connects later.
  void tell_leaving(const std::string& addresses, bool close_idle);

 private:
  runtime::Task<void> serve(runtime::Fd fd);

  runtime::Loop& loop_;
  Log& log_;
  PulseReceiver& receiver_;
  control::LocalListener listener_;
  std::uint64_t next_number_ = 1;
  std::vector<ipc::Channel*> channels_;
  std::string leaving_;
};

// The nginx side: keeps a connection while there is someone to connect to.
class FailoverLinkClient final : public PulseReceiver {
 public:
  static constexpr Duration retry_interval = 1s;

  using OnLeaving = std::function<void(const std::string& addresses, bool close_idle)>;

  // `on_leaving` is called for what the other side says of addresses, and with none when it ends.
  FailoverLinkClient(runtime::Loop& loop, runtime::TaskScope& scope, std::string path,
                     OnLeaving on_leaving)
      : loop_(loop), scope_(scope), path_(std::move(path)), on_leaving_(std::move(on_leaving)) {}

  void start() { scope_.spawn(keep_connected()); }
  [[nodiscard]] bool connected() const { return channel_ != nullptr; }

  void attach(std::uint64_t number, runtime::Fd page, runtime::Fd life) override;
  void retire(std::uint64_t number, bool last) override;

 private:
  struct Attached {
    std::uint64_t number;
    runtime::Fd page;
    runtime::Fd life;
  };
  void tell(const Attached& proxy);
  runtime::Task<void> keep_connected();

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  std::string path_;
  OnLeaving on_leaving_;
  std::unique_ptr<ipc::Channel> channel_;
  std::vector<Attached> attached_;
};

}  // namespace baton::supervisor
