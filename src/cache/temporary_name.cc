// NAME.PID-NUMBER

#include "cache/temporary_name.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <limits>

#include "base/text.h"
#include "cache/key.h"

namespace baton::cache {

std::string temporary_name(std::string_view path) {
  static std::atomic<std::uint64_t> number{0};
  return fmt::format("{}.{}-{}", path, ::getpid(), number.fetch_add(1));
}

std::optional<pid_t> maker_of(std::string_view name) {
  if (name.size() < key_digits + 4 || name[key_digits] != '.') return std::nullopt;
  if (!key_of_name(name.substr(0, key_digits))) return std::nullopt;
  const std::string_view rest = name.substr(key_digits + 1);
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto pid = parse_unsigned(rest.substr(0, dash), std::numeric_limits<pid_t>::max());
  if (!pid || !parse_unsigned(rest.substr(dash + 1))) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

}  // namespace baton::cache
