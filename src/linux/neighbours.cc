// Reading /proc/net/arp, which shows the table of this network namespace.

#include "linux/neighbours.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/text.h"
#include "runtime/fd.h"

namespace baton::linux {

std::vector<net::IpAddress> parse_neighbours(std::string_view table, std::string_view device) {
  std::vector<net::IpAddress> found;
  while (!table.empty() && found.size() < neighbours_max) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    const auto words = split_words(table.substr(0, end));
    table.remove_prefix(std::min(end + 1, table.size()));
    // IP address, HW type, flags, HW address, mask, device
    if (words.size() != 6 || words[5] != device || words[2] == "0x0") continue;
    if (const auto address = net::IpAddress::parse(words[0])) found.push_back(*address);
  }
  return found;
}

std::vector<net::IpAddress> known_neighbours(const std::string& device) {
  const runtime::Fd file(::open("/proc/net/arp", O_RDONLY | O_CLOEXEC));
  if (!file) return {};
  // The kernel makes the text page by page; a few are enough for those that are asked.
  std::array<char, 16384> buffer;
  std::string table;
  while (table.size() < 4 * buffer.size()) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    table.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return parse_neighbours(table, device);
}

}  // namespace baton::linux
