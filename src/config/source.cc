// Reading, remembering and replaying configuration files; rendering diagnostics.

#include "config/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "config/secrets.h"

namespace baton::config {

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error && !diagnostic.tolerated) failed_ = true;
  if (all_.size() >= limit_) {
    ++dropped_;
    return;
  }
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::error(const Position& where, std::string message, std::string suggestion) {
  add({Severity::error, where, std::move(message), std::move(suggestion), false});
}

void Diagnostics::warning(const Position& where, std::string message, std::string suggestion) {
  add({Severity::warning, where, std::move(message), std::move(suggestion), false});
}

void Diagnostics::note(const Position& where, std::string message) {
  add({Severity::note, where, std::move(message), "", false});
}

void Diagnostics::tolerated_error(const Position& where, std::string message,
                                  std::string suggestion) {
  add({Severity::error, where, std::move(message), std::move(suggestion), true});
}

std::size_t Diagnostics::count(Severity severity) const {
  return static_cast<std::size_t>(
      std::ranges::count(all_, severity, [](const Diagnostic& d) { return d.severity; }));
}

namespace {

constexpr off_t largest_file = 64 << 20;

Result<std::string> read_whole_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "open() failed");
  struct stat status{};
  std::string text;
  int failure = 0;
  if (::fstat(fd, &status) != 0) {
    failure = errno;
  } else if (S_ISDIR(status.st_mode)) {
    failure = EISDIR;
  } else if (status.st_size > largest_file) {
    failure = EFBIG;
  }
  while (failure == 0) {
    char block[65536];
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0) failure = errno;
    if (got <= 0) break;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > static_cast<std::size_t>(largest_file)) failure = EFBIG;
  }
  ::close(fd);
  if (failure != 0) return fail_errno(failure, "open() failed");
  return text;
}

void append_field(std::string& packed, std::string_view field) {
  packed += fmt::format("{}:", field.size());
  packed += field;
}

// Takes "SIZE:BYTES" off the front of `packed`.
std::optional<std::string> take_field(std::string_view& packed) {
  const std::size_t colon = packed.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto size = parse_unsigned(packed.substr(0, colon), packed.size());
  if (!size || packed.size() - colon - 1 < *size) return std::nullopt;
  std::string field(packed.substr(colon + 1, *size));
  packed.remove_prefix(colon + 1 + *size);
  return field;
}

}  // namespace

SourceTree SourceTree::from_disk() {
  return {};
}

Result<std::string_view> SourceTree::read(const std::string& path) {
  if (const auto found = files_.find(path); found != files_.end()) return *found->second;
  if (!live_) return fail_errno(ENOENT, "open() failed");
  auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  order_.push_back(path);
  return *files_.emplace(path, std::make_unique<std::string>(std::move(*text))).first->second;
}

std::vector<std::string> SourceTree::glob(const std::string& pattern) {
  if (const auto found = globs_.find(pattern); found != globs_.end()) return found->second;
  std::vector<std::string> paths;
  if (!live_) return paths;
  glob_t matches{};
  if (::glob(pattern.c_str(), 0, nullptr, &matches) == 0) {
    paths.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  }
  ::globfree(&matches);
  globs_[pattern] = paths;
  return paths;
}

std::string SourceTree::pack() const {
  std::string packed = "baton-sources-1\n";
  for (const auto& path : order_) {
    packed += 'f';
    append_field(packed, path);
    append_field(packed, *files_.at(path));
  }
  for (const auto& [pattern, paths] : globs_) {
    packed += 'g';
    append_field(packed, pattern);
    append_field(packed, std::to_string(paths.size()));
    for (const auto& path : paths) append_field(packed, path);
  }
  return packed;
}

Result<SourceTree> SourceTree::unpack(std::string_view packed) {
  constexpr std::string_view header = "baton-sources-1\n";
  if (!packed.starts_with(header)) return fail(ErrorKind::malformed, "packed configuration");
  packed.remove_prefix(header.size());
  SourceTree tree;
  tree.live_ = false;
  while (!packed.empty()) {
    const char kind = packed.front();
    packed.remove_prefix(1);
    const auto name = take_field(packed);
    const auto second = take_field(packed);
    if (!name || !second) return fail(ErrorKind::malformed, "packed configuration");
    if (kind == 'f') {
      tree.order_.push_back(*name);
      tree.files_[*name] = std::make_unique<std::string>(*second);
      continue;
    }
    const auto count = parse_unsigned(*second, 1000000);
    if (kind != 'g' || !count) return fail(ErrorKind::malformed, "packed configuration");
    auto& paths = tree.globs_[*name];
    for (std::uint64_t i = 0; i < *count; ++i) {
      auto path = take_field(packed);
      if (!path) return fail(ErrorKind::malformed, "packed configuration");
      paths.push_back(std::move(*path));
    }
  }
  return tree;
}

std::string_view SourceTree::line(const std::string& path, std::uint32_t line) const {
  const auto found = files_.find(path);
  if (found == files_.end() || line == 0) return {};
  std::string_view text = *found->second;
  for (std::uint32_t current = 1; current < line; ++current) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string render(const Diagnostic& diagnostic, const SourceTree& sources) {
  const char* word = diagnostic.severity == Severity::error     ? "error"
                     : diagnostic.severity == Severity::warning ? "warning"
                                                                : "note";
  std::string text;
  const Position& where = diagnostic.where;
  if (where.file) text = fmt::format("{}:{}:{}: ", *where.file, where.line, where.column);
  text += fmt::format("{}: {}\n", word, diagnostic.message);
  const std::string_view line = where.file ? sources.line(*where.file, where.line) : "";
  if (!line.empty() && where.column > 0 && where.column <= line.size() + 1) {
    text += fmt::format("    {}\n    ", without_secrets(line));
    // Tabs stay tabs and the bytes inside one UTF-8 character take no room of their own, so that
    // the caret stands below its word.
    for (const char c : line.substr(0, where.column - 1)) {
      if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) text += c == '\t' ? '\t' : ' ';
    }
    const std::size_t left = line.size() + 1 - where.column;
    text += '^';
    text.append(std::min<std::size_t>(where.length > 1 ? where.length - 1 : 0, left), '~');
    text += '\n';
  }
  if (!diagnostic.suggestion.empty()) text += fmt::format("    {}\n", diagnostic.suggestion);
  return text;
}

}  // namespace baton::config
