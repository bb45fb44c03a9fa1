// Making temporary files.

#include "proxy/client/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace baton::proxy {

namespace {

// Leftovers of another process, or a name that is still in use: try the next.
constexpr int names_max = 10'000;
constexpr std::size_t name_digits = 10;

std::string failure(const char* call, const std::string& path, int errno_value) {
  return fmt::format("{} \"{}\" failed ({}: {})", call, path, errno_value,
                     std::generic_category().message(errno_value));
}

std::string next_name() {
  static std::atomic<std::uint64_t> last{0};
  const std::uint64_t number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return fmt::format("{:010}", number % 10'000'000'000);
}

// "/5/34" for name ...345 and levels 1 2, made below `folder`.
std::expected<std::string, std::string> make_levels(const std::string& folder,
                                                    const config::TemporaryPath& place,
                                                    const std::string& name) {
  std::string path = folder;
  std::size_t end = name_digits;
  for (const std::uint8_t digits : place.levels) {
    if (digits == 0) break;
    end -= digits;
    path.append("/").append(name, end, digits);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return std::unexpected(failure("mkdir()", path, errno));
    }
  }
  return path;
}

}  // namespace

std::expected<TemporaryFile, std::string> make_temporary_file(const config::TemporaryPath& place,
                                                              std::string_view default_folder,
                                                              bool named) {
  const std::string folder = place.path.empty() ? std::string(default_folder) : place.path;
  for (int tried = 1;; ++tried) {
    const std::string name = next_name();
    auto path = make_levels(folder, place, name);
    if (!path) return std::unexpected(std::move(path).error());
    path->append("/").append(name);
    runtime::Fd fd(::open(path->c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (fd) {
      if (!named) ::unlink(path->c_str());
      return TemporaryFile{std::move(fd), std::move(*path)};
    }
    if (errno != EEXIST || tried >= names_max) {
      return std::unexpected(failure("open()", *path, errno));
    }
  }
}

std::expected<void, std::string> write_at(const TemporaryFile& file, std::string_view bytes,
                                          std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(file.fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(failure("pwrite()", file.path, errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

}  // namespace baton::proxy
