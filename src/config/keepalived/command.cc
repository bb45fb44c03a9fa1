// Accounts, splitting, and a look at the script file itself.

#include "config/keepalived/command.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace baton::config::keepalived {

namespace {

// One element of a path that the kernel walks.
struct Element {
  std::string path;
  struct stat status{};
};

bool allows(const struct stat& status, const ScriptUser& user, unsigned wanted) {
  if (user.uid == 0) {
    // Root may enter every directory, but executes a file only if somebody may.
    return S_ISDIR(status.st_mode) || (status.st_mode & 0111) != 0;
  }
  const unsigned shift = status.st_uid == user.uid ? 6 : status.st_gid == user.gid ? 3 : 0;
  return (status.st_mode >> shift & wanted) == wanted;
}

// Every directory from / to the file, then the file. `path` is absolute and without links.
std::vector<Element> elements_of(const std::string& path) {
  std::vector<Element> elements;
  for (std::size_t slash = 0; slash != std::string::npos;) {
    const std::size_t next = path.find('/', slash + 1);
    Element element;
    element.path = slash == 0 && next == 0 ? "/" : path.substr(0, next);
    if (elements.empty()) {
      Element root;
      root.path = "/";
      if (::stat("/", &root.status) == 0) elements.push_back(root);
    }
    if (::stat(element.path.c_str(), &element.status) == 0) elements.push_back(element);
    slash = next;
  }
  return elements;
}

// Which element of `path` is not there, or cannot be entered by us.
std::string missing_element(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    struct stat status{};
    const std::string part = path.substr(0, slash);
    if (::stat(part.c_str(), &status) != 0) {
      return fmt::format("directory '{}': {}", part, std::strerror(errno));
    }
    if (!S_ISDIR(status.st_mode)) return fmt::format("'{}' is not a directory", part);
  }
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? "" : std::strerror(errno);
}

std::string find_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (const auto folder : split(path ? path : "/usr/local/bin:/usr/bin:/bin", ':')) {
    const std::string candidate = fmt::format("{}/{}", folder.empty() ? "." : folder, program);
    struct stat status{};
    if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_mode & 0111) != 0) {
      return candidate;
    }
  }
  return "";
}

// Who besides root can write to `element`; empty when nobody can. A sticky directory protects
// what is in it, but not against new names, so it counts as writable too.
std::string unsafe_writer(const Element& element) {
  const mode_t mode = element.status.st_mode & 07777;
  if (element.status.st_uid != 0) {
    return fmt::format("'{}' belongs to uid {} (mode {:04o})", element.path, element.status.st_uid,
                       mode);
  }
  if ((mode & 0020) != 0 && element.status.st_gid != 0) {
    return fmt::format("'{}' is writable by group {} (mode {:04o})", element.path,
                       element.status.st_gid, mode);
  }
  if ((mode & 0002) != 0) {
    return fmt::format("'{}' is writable by everybody (mode {:04o})", element.path, mode);
  }
  return "";
}

}  // namespace

std::optional<ScriptUser> find_account(std::string_view name, std::string_view group) {
  std::array<char, 4096> memory{};
  struct passwd entry{};
  struct passwd* found = nullptr;
  const std::string user_name(name);
  ::getpwnam_r(user_name.c_str(), &entry, memory.data(), memory.size(), &found);
  if (!found) return std::nullopt;
  ScriptUser user{user_name, found->pw_uid, found->pw_gid};
  if (group.empty()) return user;
  struct group group_entry{};
  struct group* found_group = nullptr;
  std::vector<char> group_memory(65536);  // groups list all their members
  ::getgrnam_r(std::string(group).c_str(), &group_entry, group_memory.data(), group_memory.size(),
               &found_group);
  if (!found_group) return std::nullopt;
  user.gid = found_group->gr_gid;
  return user;
}

ScriptUser default_account() {
  if (auto user = find_account("keepalived_script", "")) return *user;
  ScriptUser user{"", ::geteuid(), ::getegid()};
  std::array<char, 4096> memory{};
  struct passwd entry{};
  struct passwd* found = nullptr;
  ::getpwuid_r(user.uid, &entry, memory.data(), memory.size(), &found);
  user.name = found ? found->pw_name : fmt::to_string(user.uid);
  return user;
}

std::optional<ScriptUser> read_account(Reader& reader, const Statement& statement,
                                       std::size_t index) {
  // "user group", "user :group" and "user:group" mean the same.
  std::string_view name = statement.word(index);
  std::string_view group = statement.word(index + 1);
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    group = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  if (group.starts_with(':')) group.remove_prefix(1);
  auto user = find_account(name, group);
  if (user) return user;
  const bool name_exists = find_account(name, "").has_value();
  reader.diagnostics.tolerated_error(
      statement.place(name_exists && statement.words.size() > index + 1 ? index + 1 : index),
      name_exists ? fmt::format("Unable to resolve script group name '{}' - ignoring", group)
                  : fmt::format("Unable to resolve script username '{}' - ignoring", name));
  return std::nullopt;
}

std::optional<ScriptCommand> read_command(Reader& reader, const Statement& statement) {
  char open_quote = 0;
  const auto outer = command_words(statement.raw, &open_quote);
  std::optional<std::vector<Word>> inner;
  if (outer && outer->size() > 1) inner = command_words((*outer)[1].text, &open_quote);
  if (!inner || inner->empty()) {
    reader.diagnostics.tolerated_error(
        statement.where, open_quote ? fmt::format("String '{}': missing terminating {}",
                                                  trimmed(statement.raw), open_quote)
                                    : fmt::format("{}: the command is empty", statement.keyword()));
    return std::nullopt;
  }
  ScriptCommand command;
  for (auto& word : *inner) command.arguments.push_back(std::move(word.text));
  command.user = reader.model.script_user;
  command.where = statement.where;
  return command;
}

std::string settle_program(ScriptCommand& command, Safety safety) {
  std::string& program = command.arguments[0];
  if (program.find('/') == std::string::npos) {
    const std::string found = find_in_path(program);
    if (found.empty()) return fmt::format("Cannot find script {} in path", program);
    program = found;
  }
  std::array<char, PATH_MAX> memory{};
  if (!::realpath(program.c_str(), memory.data())) {
    return fmt::format("script '{}' not found: {}", program, missing_element(program));
  }
  const auto elements = elements_of(memory.data());
  if (elements.empty()) return fmt::format("script '{}' not found", program);
  for (const auto& element : elements) {
    const bool is_last = &element == &elements.back();
    if (!is_last && !allows(element.status, command.user, 1)) {
      return fmt::format(
          "script '{}' cannot be reached by uid:gid {}:{}: directory '{}' has mode "
          "{:04o}",
          program, command.user.uid, command.user.gid, element.path,
          element.status.st_mode & 07777);
    }
  }
  const struct stat& status = elements.back().status;
  if (!S_ISREG(status.st_mode)) return fmt::format("script '{}' is not a file", program);
  if (!allows(status, command.user, 1)) {
    return fmt::format("script '{}' is not executable for uid:gid {}:{} (mode {:04o})", program,
                       command.user.uid, command.user.gid, status.st_mode & 07777);
  }
  if (safety == Safety::any || command.user.uid != 0) return "";
  for (const auto& element : elements) {
    const std::string writer = unsafe_writer(element);
    if (!writer.empty()) {
      return fmt::format("Unsafe permissions found for script '{}', which runs as root: {}",
                         program, writer);
    }
  }
  return "";
}

}  // namespace baton::config::keepalived
