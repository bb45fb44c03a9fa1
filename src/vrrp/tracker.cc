// Rise, fall and weights.

#include "vrrp/tracker.h"

#include <algorithm>

namespace baton::vrrp {

const char* name_of(Health health) {
  switch (health) {
    case Health::up:
      return "up";
    case Health::down:
      return "down";
    case Health::unknown:
      break;
  }
  return "unknown";
}

ScriptHealth::ScriptHealth(std::uint32_t rise, std::uint32_t fall, bool initially_failed)
    : rise_(std::max(rise, 1u)),
      fall_(std::max(fall, 1u)),
      health_(initially_failed ? Health::down : Health::unknown) {}

bool ScriptHealth::report(bool success) {
  const Health told = success ? Health::up : Health::down;
  if (told == health_) {
    contrary_ = 0;
    proven_ = true;
    return false;
  }
  ++contrary_;
  const std::uint32_t needed = !proven_ ? 1 : success ? rise_ : fall_;
  proven_ = true;
  if (contrary_ < needed) return false;
  health_ = told;
  contrary_ = 0;
  return true;
}

void ScriptHealth::set_limits(std::uint32_t rise, std::uint32_t fall) {
  rise_ = std::max(rise, 1u);
  fall_ = std::max(fall, 1u);
}

namespace {

// keepalived's bounds of what one tracker adds.
constexpr std::int64_t contribution_most = 253;

}  // namespace

std::int64_t Tracker::product() const {
  const std::int64_t product = std::int64_t{value} * settings.weight;
  return settings.reverse ? -product : product;
}

int Tracker::contribution() const {
  const int weight = settings.weight;
  if (settings.scaled) {
    if (health == Health::unknown || weight == 0 || is_fault()) return 0;
    return static_cast<int>(std::min(product(), contribution_most));
  }
  const bool counts = weight > 0 ? health == Health::up : health == Health::down;
  if (!counts) return 0;
  return settings.reverse ? -weight : weight;
}

bool Tracker::is_fault() const {
  if (settings.scaled && health == Health::unknown) return false;
  if (settings.scaled && settings.weight == 0) return (value != 0) != settings.reverse;
  if (settings.scaled) return product() < -contribution_most;
  return settings.weight == 0 && health == (settings.reverse ? Health::up : Health::down);
}

std::string Tracker::fault_text() const {
  std::string text = settings.name;
  if (settings.scaled) return text + " has the value " + std::to_string(value);
  const bool is_script = text.starts_with("script ");
  text += health == Health::up ? " up" : is_script ? " failed" : " down";
  if (!detail.empty()) text += " (" + detail + ")";
  return text;
}

}  // namespace baton::vrrp
