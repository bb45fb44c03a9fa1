// Where configuration text comes from and how its problems are told.
//
// A SourceTree is the set of files that one configuration was read from. Live, it reads the disk
// and remembers what it read; replayed, it answers only from what was remembered. So the
// supervisor, which may read the files, can hand the very same text to the failover process,
// which may not, and both parse the same thing.
//
// Diagnostics are collected, never thrown: `check` shows all problems of all files at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace baton::config {

// A place in a file: lines and columns count from 1, columns in bytes.
struct Position {
  std::shared_ptr<const std::string> file;  // the path as the user wrote it; null: command line
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  // how many bytes the caret underlines
};

enum class Severity : std::uint8_t {
  error,    // the configuration is not used
  warning,  // it is used, but probably not what was meant
  note,     // it is used; something in it has no effect in baton, or is done differently
};

struct Diagnostic {
  Severity severity = Severity::error;
  Position where;
  std::string message;     // without file and line
  std::string suggestion;  // e.g. "did you mean \"priority\"?"; may be empty
  // keepalived goes on with some errors and stops for others (reference 2.9): true for those that
  // are reported as errors by `-t` but let the daemon run. Only used for keepalived.conf.
  bool tolerated = false;
};

class Diagnostics {
 public:
  // At most `limit` are kept; the rest are counted.
  explicit Diagnostics(std::size_t limit = 1000) : limit_(limit) {}

  void add(Diagnostic diagnostic);
  void error(const Position& where, std::string message, std::string suggestion = "");
  void warning(const Position& where, std::string message, std::string suggestion = "");
  void note(const Position& where, std::string message);
  // An error that keepalived reports and goes on with.
  void tolerated_error(const Position& where, std::string message, std::string suggestion = "");

  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  // True when there is an error that is not tolerated.
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t count(Severity severity) const;
  [[nodiscard]] std::size_t dropped() const { return dropped_; }

 private:
  std::vector<Diagnostic> all_;
  std::size_t limit_;
  std::size_t dropped_ = 0;
  bool failed_ = false;
};

class SourceTree {
 public:
  // Reads from the disk and remembers.
  static SourceTree from_disk();
  // Answers only from `packed`, made by pack() of another tree. Malformed for anything else.
  static Result<SourceTree> unpack(std::string_view packed);

  // The whole file. The text stays valid as long as the tree lives. At most 64 MiB a file.
  Result<std::string_view> read(const std::string& path);
  // Existing paths that match a shell pattern, sorted; the pattern itself when it has no
  // wildcard and exists.
  std::vector<std::string> glob(const std::string& pattern);

  // True when it reads the disk, false when it replays.
  [[nodiscard]] bool live() const { return live_; }
  // Everything read so far, as one string for unpack().
  [[nodiscard]] std::string pack() const;
  // Files in the order in which they were first read: what `nginx -T` prints.
  [[nodiscard]] const std::vector<std::string>& order() const { return order_; }
  // The line `line` of a file read before, without its end; empty when there is none.
  [[nodiscard]] std::string_view line(const std::string& path, std::uint32_t line) const;

 private:
  bool live_ = true;
  std::map<std::string, std::unique_ptr<std::string>> files_;
  std::map<std::string, std::vector<std::string>> globs_;
  std::vector<std::string> order_;
};

// "file:line:column: error: message", the line itself, a caret line, and the suggestion.
std::string render(const Diagnostic& diagnostic, const SourceTree& sources);

}  // namespace baton::config
