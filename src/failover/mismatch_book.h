// Where this node and another one were told different things: what is known of each such mistake,
// for the log (once), for status (as long as it lasts).
//
// A mistake is one (instance, keyword, other node). Hearing it again counts; it is forgotten when
// the file is loaded anew, when the other node says something that fits, or when it was not seen
// for a while. Pure; bounded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/time.h"

namespace baton::failover {

struct Mismatch {
  std::string instance;
  std::string keyword;  // "auth_pass"; "" for what no keyword says ("ttl")
  std::string from;     // the other node: its address or name
  std::string text;     // what differs, for people
  std::string ours;     // "FILE:LINE: text"; may be empty
  std::string theirs;   // the same of the other node; empty when it has not told
  Instant first{};
  Instant last{};
  Instant told{};
  std::uint64_t count = 0;
};

class MismatchBook {
 public:
  static constexpr std::size_t entries_max = 256;
  // Adverts come every second or so; who was silent about it for so long has changed its mind or
  // is gone.
  static constexpr Duration memory = 5min;

  // Words may change with every packet (a TTL, an age), and whoever sends it may do so on purpose.
  static constexpr Duration new_words_pause = 1min;

  // Notes one; the entry when it is to be told, null when it was told already.
  const Mismatch* note(Mismatch seen, Instant now);
  // What the other node's file says there has become known; the entry when that is news.
  const Mismatch* note_theirs(const std::string& instance, const std::string& keyword,
                              const std::string& from, const std::string& theirs);
  // `from` said something that fits in this respect.
  void resolve(const std::string& instance, const std::string& keyword, const std::string& from);
  void clear() { entries_.clear(); }
  // Forgets what was not seen for `memory`.
  void expire(Instant now);

  [[nodiscard]] std::vector<const Mismatch*> of(const std::string& instance) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, Mismatch> entries_;
};

// The log line of one: "(VI_1) auth_pass differs from 10.9.0.2: ...; here FILE:LINE: ...; there
// ...".
std::string describe(const Mismatch& mismatch);

}  // namespace baton::failover
