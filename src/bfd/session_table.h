// All BFD sessions of this node, and the rules by which they come and go. Pure: packets and wishes
// in, packets and changes out.
//
// A session belongs to a path: our address, the neighbor's, and the link between them. It exists as
// long as somebody has a use for it, and several may share it:
//  * configured: a bfd_instance of the configuration;
//  * following: we are a backup and watch the master whose adverts we hear;
//  * answering: a backup watches us, because we are master. What becomes of such a session tells a
//    master nothing.
// When the last use ends, the neighbor is told that this is on purpose (AdminDown) for as long as
// it would take to believe that we died.
//
// Packets of one beat go out together: a backup next to us then loses us at the same moment as all
// the others do, and priorities can decide who is first.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/random.h"
#include "bfd/session.h"
#include "net/address.h"

namespace baton::bfd {

struct Path {
  int link = 0;          // 0: any, for configured sessions
  net::IpAddress local;  // 0.0.0.0 or :: when the kernel chooses
  net::IpAddress remote;
  bool multihop = false;
  std::uint8_t hop_limit = bfd::hop_limit;  // of what we send
  // Packets that came over more hops than this are not the neighbor's.
  std::uint8_t hops_max = 0;

  friend bool operator==(const Path&, const Path&) = default;
};

struct ConfiguredSession {
  Path path;
  SessionSettings settings;
};

// A master that this node wants to watch.
struct FollowWish {
  Path path;
  SessionSettings settings;
};

// Where this node is master: who may watch it.
struct AnswerRule {
  int link = 0;
  net::IpAddress local;
  std::vector<net::IpAddress> neighbors;  // empty: whoever is on the link
  SessionSettings settings;

  friend bool operator==(const AnswerRule&, const AnswerRule&) = default;
};

// Where and how a packet came in.
struct Arrival {
  net::IpAddress source;
  net::IpAddress destination;
  int link = 0;
  bool multihop = false;  // on port 4784
  std::uint8_t hop_limit = 0;
  Instant at{};
};

struct TableEntry {
  Path path;
  Session session;
  std::uint16_t source_port = source_port_min;
  std::optional<std::size_t> configured = std::nullopt;  // index in what configure() was given
  bool following = false;
  bool answering = false;
  Instant answer_until = never;  // runs after the rule that allowed it has gone
  Instant remove_at = never;     // disabled: when it has been told for long enough

  [[nodiscard]] bool is_used() const { return configured || following || answering; }
};

namespace action {

struct SendTo {
  std::uint32_t discriminator = 0;  // which session: its socket
  std::vector<std::uint8_t> bytes;
};

struct SessionChanged {
  std::uint32_t discriminator = 0;
  State from = State::down;
  State to = State::down;
  Cause cause = Cause::handshake;
};

// The session is gone: its socket can be closed.
struct SessionRemoved {
  std::uint32_t discriminator = 0;
};

}  // namespace action

using TableAction = std::variant<action::SendTo, action::SessionChanged, action::SessionRemoved>;
using TableActions = std::vector<TableAction>;

class SessionTable {
 public:
  static constexpr std::size_t sessions_max = 256;
  static constexpr std::size_t answering_max = 64;
  // A node that is no longer master goes on answering for a moment, so that nobody takes the end of
  // its sessions for an answer to what VRRP decides.
  static constexpr Duration answer_linger = 2s;

  explicit SessionTable(std::uint64_t seed) : random_(seed) {}

  // The sessions of the configuration: the whole set.
  TableActions configure(const std::vector<ConfiguredSession>& wanted, Instant now);
  // Whom this node watches, and who may watch it: both sets whole, because a session lives on when
  // its two ends change their parts.
  TableActions watch(const std::vector<FollowWish>& wishes, std::vector<AnswerRule> rules,
                     Instant now);

  TableActions on_packet(std::span<const std::uint8_t> bytes, const Arrival& arrival, Instant now);
  // To be called at deadline(), when all packets that waited have been delivered. A call that comes
  // late by more than a third of a detection time is sleep, and then nobody is believed lost.
  TableActions on_timer(Instant now);
  TableActions slept(Instant now);
  // Tells all neighbors that we end on purpose.
  TableActions close(Instant now);
  [[nodiscard]] Instant deadline() const;

  [[nodiscard]] const std::deque<TableEntry>& entries() const { return entries_; }
  [[nodiscard]] const TableEntry* find(std::uint32_t discriminator) const;
  // The session that follows the master at the other end of `path`.
  [[nodiscard]] const TableEntry* find_following(const Path& path) const;
  // A backup watches us over `link` (0: any) right now.
  [[nodiscard]] bool is_watched(int link = 0) const;
  [[nodiscard]] const std::array<std::uint64_t, reject_count>& rejected() const {
    return rejected_;
  }

 private:
  // Not one that is being taken down.
  TableEntry* find_living(const Path& path);
  void follow(const FollowWish& wish, Instant now);
  void review_answer(TableEntry& entry, Instant now);
  TableEntry* find_receiver(const Packet& packet, const Arrival& arrival);
  TableEntry& add(const Path& path, const SessionSettings& settings, Instant now);
  TableEntry* answer_newcomer(const Packet& packet, const Arrival& arrival, Instant now);
  void tell(TableEntry& entry, const Event& event, Instant now);
  void retune(TableEntry& entry, const SessionSettings& settings, Instant now);
  void end_uses(Instant now);
  void retire(TableEntry& entry, Instant now);
  void share_beat(Instant now);
  const AnswerRule* rule_for(int link, const net::IpAddress& local,
                             const net::IpAddress& remote) const;
  TableActions take();

  Random random_;
  std::deque<TableEntry> entries_;
  std::vector<AnswerRule> rules_;
  std::array<std::uint64_t, reject_count> rejected_{};
  TableActions actions_;
};

}  // namespace baton::bfd
