// Making a key file.

#include "cli/key_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "runtime/fd.h"
#include "tls/key.h"

namespace baton::cli {

int make_key(const std::string& path) {
  const auto key = tls::Key::generate();
  if (!key) {
    fmt::print(stderr, "baton: the system gives no random numbers\n");
    return 1;
  }
  const std::string text =
      "# key of a baton pair: the same file on every node, readable by root alone\n" + key->text() +
      "\n";
  if (path == "-") {
    fmt::print("{}", text);
    return 0;
  }
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (std::filesystem::is_directory(path, error)) {
    fmt::print(stderr, "baton: {} is a folder: name a file in it\n", path);
    return 1;
  }
  const runtime::Fd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) {
    fmt::print(stderr, "baton: {}: {}{}\n", path, ::strerror(errno),
               errno == EEXIST ? " (a key in use is not overwritten; remove it first)" : "");
    return 1;
  }
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
    fmt::print(stderr, "baton: {}: {}\n", path, ::strerror(errno));
    ::unlink(path.c_str());
    return 1;
  }
  fmt::print(
      "{}\nCopy it to the other node (scp -p), then name it in global_defs of both "
      "keepalived.conf:\n"
      "    pair_key {}\n    pair_peer ADDRESS_OF_THE_OTHER_NODE\n",
      path, path);
  return 0;
}

}  // namespace baton::cli
