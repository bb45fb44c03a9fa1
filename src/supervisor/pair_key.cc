// Reading and judging it.

#include "supervisor/pair_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/fd.h"
#include "tls/key.h"

namespace baton::supervisor {

std::string read_pair_key(const std::string& path, std::string& problem) {
  const runtime::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat facts{};
  if (!file || ::fstat(file.get(), &facts) != 0) {
    problem = fmt::format(
        "{}: {} (copy it from the other node; the first node makes it: "
        "`baton key {}`)",
        path, ::strerror(errno), path);
    return "";
  }
  if (!S_ISREG(facts.st_mode)) {
    problem = fmt::format("{} is not a file", path);
    return "";
  }
  constexpr mode_t others = S_IRWXG | S_IRWXO;
  const bool is_ours = facts.st_uid == 0 || facts.st_uid == ::geteuid();
  if ((facts.st_mode & others) != 0 || !is_ours) {
    problem = fmt::format(
        "{} is not for root alone: a key that others may read is none "
        "(chown root, chmod 600)",
        path);
    return "";
  }
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
  std::string text(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  if (!tls::Key::parse(text)) {
    problem = fmt::format(
        "{} holds no key (copy the file of the other node; `baton key FILE` makes one)", path);
    return "";
  }
  return text;
}

}  // namespace baton::supervisor
