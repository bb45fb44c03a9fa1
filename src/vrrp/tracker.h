// What an instance watches, and what that does to its priority.
//
// Health is what is known about a watched thing. ScriptHealth turns single script results into
// health: `fall` failures in a row, `rise` successes in a row; the very first result decides by
// itself. A Tracker is one instance's view of a watched thing: without a weight a failure puts the
// instance into FAULT, with a weight it moves the priority. What is a number by itself (track_file)
// is scaled: the weight multiplies it, and a product below -253 is a FAULT, too.
#pragma once

#include <cstdint>
#include <string>

namespace baton::vrrp {

enum class Health : std::uint8_t { unknown, up, down };

// "unknown", "up", "down"
const char* name_of(Health health);

class ScriptHealth {
 public:
  // `initially_failed`: down until the first success. Counts of 0 are taken as 1.
  ScriptHealth(std::uint32_t rise, std::uint32_t fall, bool initially_failed);

  // Takes one result; true when the health changed by it.
  bool report(bool success);
  // Other limits from now on; the health stays.
  void set_limits(std::uint32_t rise, std::uint32_t fall);
  [[nodiscard]] Health health() const { return health_; }

 private:
  std::uint32_t rise_;
  std::uint32_t fall_;
  Health health_;
  bool proven_ = false;         // a result has come in
  std::uint32_t contrary_ = 0;  // results in a row against the present health
};

struct TrackerSettings {
  std::string name;      // "script chk", "interface ens33", "proxy": for people and for reloads
  int weight = 0;        // 0: failure means FAULT; above: added while up; below: added while down
  bool reverse = false;  // the sign, or without a weight the verdict, turned round
  bool scaled = false;   // the tracker's value times the weight is added; weight 0: any but 0 fails

  friend bool operator==(const TrackerSettings&, const TrackerSettings&) = default;
};

struct Tracker {
  TrackerSettings settings;
  Health health = Health::unknown;
  std::string detail;  // why it is as it is: "exited with status 1"; may be empty
  int value = 0;       // of a scaled one

  // What is added to the base priority now.
  [[nodiscard]] int contribution() const;
  // True when this alone keeps the instance in FAULT.
  [[nodiscard]] bool is_fault() const;
  // True when the instance cannot know yet whether it may start.
  [[nodiscard]] bool is_undecided() const {
    return settings.weight == 0 && health == Health::unknown;
  }
  // "script chk failed (exited with status 1)", "interface ens33 down"
  [[nodiscard]] std::string fault_text() const;

 private:
  [[nodiscard]] std::int64_t product() const;
};

}  // namespace baton::vrrp
