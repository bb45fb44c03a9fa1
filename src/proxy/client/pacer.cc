// Arithmetic of bytes and time.

#include "proxy/client/pacer.h"

#include <algorithm>

namespace baton::proxy {

namespace {

using Wide = unsigned __int128;
constexpr std::uint64_t nanoseconds = 1'000'000'000;
constexpr std::uint64_t parts_per_second = 8;

}  // namespace

std::uint64_t Pacer::part(std::uint64_t wanted) const {
  return std::min(wanted, std::max<std::uint64_t>(rate_ / parts_per_second, 1));
}

std::uint64_t Pacer::allowance(std::uint64_t sent, std::uint64_t wanted, Instant now) const {
  const auto passed = static_cast<std::uint64_t>(std::max<std::int64_t>((now - begun_).count(), 0));
  const Wide allowed = Wide{rate_} * (Wide{passed} + nanoseconds) / nanoseconds + free_bytes_;
  if (allowed <= sent) return 0;
  const Wide budget = std::min<Wide>(allowed - sent, wanted);
  return budget < part(wanted) ? 0 : static_cast<std::uint64_t>(budget);
}

Instant Pacer::ready_at(std::uint64_t sent, std::uint64_t wanted) const {
  const Wide needed = Wide{sent} + part(wanted);
  const Wide free = Wide{free_bytes_} + rate_;  // what there is in advance
  if (needed <= free) return begun_;
  const Wide wait = ((needed - free) * nanoseconds + rate_ - 1) / rate_;
  return begun_ + Duration(static_cast<std::int64_t>(std::min<Wide>(wait, INT64_MAX / 2)));
}

}  // namespace baton::proxy
