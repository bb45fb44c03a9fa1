// Reading files and includes, choosing `@id` lines, replacing and repeating.

#include "config/keepalived/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "config/keepalived/substitution.h"
#include "config/keepalived/verdicts.h"
#include "config/keepalived/words.h"

namespace baton::config::keepalived {

namespace {

constexpr int deepest_include = 32;
constexpr int deepest_replacement = 64;
constexpr std::size_t most_lines = 1'000'000;
// What includes and replacements may add up to: two lines can ask for more than a machine has.
constexpr std::size_t most_files = 10'000;
constexpr std::size_t most_bytes = 256 << 20;
constexpr std::size_t most_patterns = 256;

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// csh-style alternatives: "{a,b}.conf" gives "a.conf" and "b.conf", nested ones too.
std::vector<std::string> brace_alternatives(const std::string& pattern) {
  std::vector<std::string> ready;
  std::vector<std::string> waiting{pattern};
  while (!waiting.empty() && ready.size() + waiting.size() < most_patterns) {
    const std::string text = std::move(waiting.back());
    waiting.pop_back();
    // The innermost group is the last "{" in front of the first "}".
    const std::size_t close = text.find('}');
    const std::size_t open = close == std::string::npos ? close : text.rfind('{', close);
    if (open == std::string::npos) {
      ready.push_back(text);
      continue;
    }
    for (const auto part : split(text.substr(open + 1, close - open - 1), ',')) {
      waiting.push_back(text.substr(0, open) + std::string(part) + text.substr(close + 1));
    }
  }
  std::ranges::sort(ready);
  ready.erase(std::unique(ready.begin(), ready.end()), ready.end());
  return ready;
}

bool is_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[") != std::string_view::npos;
}

// Which failures of an include are fatal; the others are told and tolerated.
struct IncludeCheck {
  bool readable = false;        // what matches is no file that can be read
  bool match = false;           // a plain name does not exist
  bool wildcard_match = false;  // nothing matches a wildcard
  bool brace_match = false;     // one of the names that braces make does not exist
};

constexpr IncludeCheck every_check = {true, true, true, true};

// "include" and its variants add to the checks that are in force.
std::optional<IncludeCheck> checks_of(std::string_view word, IncludeCheck check) {
  if (word == "include") return check;
  if (word == "includea") return every_check;
  if (word.size() != 8 || !word.starts_with("include")) return std::nullopt;
  check.readable = true;
  switch (word.back()) {
    case 'r':
      return check;
    case 'm':
      check.match = true;
      return check;
    case 'w':
      check.match = check.wildcard_match = true;
      return check;
    case 'b':
      check.brace_match = true;
      return check;
    default:
      return std::nullopt;
  }
}

class LineReader {
 public:
  LineReader(SourceTree& sources, const LineOptions& options, Diagnostics& diagnostics)
      : sources_(sources),
        options_(options),
        diagnostics_(diagnostics),
        definitions_(options.config_id) {}

  std::vector<Line> read_all() {
    // Reading a folder fails; then its *.conf files are the configuration.
    const auto text = sources_.read(options_.path);
    if (text) {
      read_file(options_.path, 0);
      return std::move(lines_);
    }
    const auto paths = sources_.glob(options_.path + "/*.conf");
    for (const auto& path : paths) read_file(path, 0);
    if (paths.empty()) {
      diagnostics_.error({}, fmt::format("cannot read the configuration file '{}': {}",
                                         options_.path, std::strerror(text.error().errno_value)));
    }
    return std::move(lines_);
  }

 private:
  // Where the reader stands in one file.
  struct File {
    std::shared_ptr<const std::string> path;
    std::string_view left;
    std::uint32_t line = 0;
    int depth = 0;
  };

  void read_file(const std::string& path, int depth) {
    ++files_;
    const auto text = sources_.read(path);
    if (!text) {
      Position where;
      where.file = std::make_shared<const std::string>(path);
      diagnostics_.tolerated_error(where, fmt::format("cannot read '{}'", path));
      return;
    }
    File file{std::make_shared<const std::string>(path), *text, 0, depth};
    // A byte order mark of some editors is no part of the first word.
    if (file.left.starts_with("\xef\xbb\xbf")) file.left.remove_prefix(3);
    definitions_.set("_PWD", folder_of(path));
    std::string line;
    while (!overflowed_ && next_line(file, line)) read_line(file, line);
  }

  // The next line without its end and its comment; false at the end of the file.
  bool next_line(File& file, std::string& line) {
    if (file.left.empty()) return false;
    const std::size_t end = file.left.find('\n');
    std::string_view raw = file.left.substr(0, end);
    file.left.remove_prefix(end == std::string_view::npos ? file.left.size() : end + 1);
    ++file.line;
    while (raw.ends_with('\r')) raw.remove_suffix(1);
    line = without_comment(raw);
    return true;
  }

  void read_line(File& file, std::string& line) {
    const auto words = plain_words(line);
    if (words.empty()) return;
    Position where;
    where.file = file.path;
    where.line = file.line;
    where.column = words[0].offset + 1;
    where.length = words[0].length;
    if (const auto check = checks_of(words[0].text, include_check_)) {
      include(file, where, words, *check);
      return;
    }
    if (words[0].text == "include_check") set_include_check(where, words);
    if (words[0].text == "random_seed" && words.size() > 1) seed_random(where, words[1].text);
    if (trimmed(line).starts_with('$')) join_definition(file, line);
    process(line, where, true, 0);
  }

  void seed_random(const Position& where, std::string_view text) {
    if (const auto seed = parse_unsigned(text, UINT32_MAX)) {
      definitions_.seed_random(*seed);
    } else {
      diagnostics_.tolerated_error(where, fmt::format("random_seed {} invalid", printable(text)));
    }
  }

  // A definition whose lines end in a backslash goes on to the first line that does not.
  void join_definition(File& file, std::string& line) {
    std::string next;
    while (trimmed(line).ends_with('\\')) {
      line.erase(line.rfind('\\'));
      if (!next_line(file, next)) return;
      if (!trimmed(line).ends_with('=')) line += '\n';
      line += next;
    }
  }

  // "include_check match +readable -brace_match": without a sign or a word in front, all others
  // are off; without any word all are on.
  void set_include_check(const Position& where, const std::vector<Word>& words) {
    IncludeCheck check = words.size() < 2 ? every_check : include_check_;
    bool is_first = true;
    bool add = true;
    for (std::size_t i = 1; i < words.size(); ++i) {
      std::string_view word = words[i].text;
      const bool has_sign = word.starts_with('+') || word.starts_with('-');
      if (has_sign) {
        add = word[0] == '+';
        word.remove_prefix(1);
      } else if (std::exchange(is_first, false)) {
        check = IncludeCheck{.readable = true};
      }
      if (word == "readable") {
        check.readable = add;
      } else if (word == "match") {
        check.match = add;
      } else if (word == "wildcard_match") {
        check.wildcard_match = add;
      } else if (word == "brace_match") {
        check.brace_match = add;
      } else if (!word.empty()) {
        diagnostics_.tolerated_error(
            where, fmt::format("Unknown include_check type '{}' - ignoring", printable(word)));
      }
    }
    include_check_ = check;
  }

  // What an include did not find or could not read.
  void report_include(const Position& where, bool is_fatal, std::string message) {
    if (is_fatal) {
      diagnostics_.error(where, std::move(message));
    } else {
      diagnostics_.note(where, std::move(message));
    }
  }

  void include(const File& file, const Position& where, const std::vector<Word>& words,
               const IncludeCheck& check) {
    if (words.size() < 2) {
      diagnostics_.tolerated_error(where, "include without a file name");
      return;
    }
    if (file.depth >= deepest_include || files_ >= most_files) {
      diagnostics_.error(where,
                         fmt::format("more than {} files include one another", deepest_include));
      return;
    }
    std::string pattern = words[1].text;
    if (!pattern.starts_with('/')) pattern = folder_of(*file.path) + "/" + pattern;
    std::vector<std::string> paths;
    bool is_incomplete = false;
    const auto alternatives = brace_alternatives(pattern);
    for (const auto& alternative : alternatives) {
      auto found = sources_.glob(alternative);
      is_incomplete |= found.empty();
      for (auto& path : found) paths.push_back(std::move(path));
    }
    const std::string& named = words[1].text;
    if (alternatives.size() > 1) {
      if (is_incomplete) {
        report_include(where, check.brace_match,
                       fmt::format("{} \"{}\".", some_files_missing, named));
      }
    } else if (paths.empty() && is_wildcard(pattern)) {
      report_include(where, check.wildcard_match, fmt::format("{} '{}'.", no_files_matched, named));
    } else if (paths.empty()) {
      report_include(where, check.match, fmt::format("{} '{}'.", files_missing, named));
    }
    const IncludeCheck check_here = include_check_;
    for (const auto& path : paths) {
      if (sources_.read(path)) {
        read_file(path, file.depth + 1);
      } else {
        report_include(where, check.readable,
                       fmt::format("{} '{}' is a directory or cannot be read - skipping",
                                   file_unreadable, path));
      }
      include_check_ = check_here;
    }
    definitions_.set("_PWD", folder_of(*file.path));
  }

  void process(const std::string& text, const Position& where, bool verbatim, int depth) {
    bytes_ += text.size() + 64;
    if (depth > deepest_replacement || lines_.size() >= most_lines || bytes_ > most_bytes) {
      overflow(where);
      return;
    }
    const std::string_view start = trimmed(text);
    if (start.empty()) return;
    if (start.starts_with('@')) {
      choose(text, where, verbatim, depth);
    } else if (starts_repetition(start)) {
      repeat(std::string(start), where, depth);
    } else if (const auto definition = parse_definition(start)) {
      definitions_.set(definition->name, definition->value);
    } else {
      replace(text, where, verbatim, depth);
    }
  }

  // "@id rest" and "@^id rest". The condition becomes blanks, so that columns stay true.
  void choose(std::string text, const Position& where, bool verbatim, int depth) {
    const std::size_t at = text.find('@');
    const std::size_t end = std::min(text.find_first_of(" \t", at), text.size());
    std::string_view id = std::string_view(text).substr(at + 1, end - at - 1);
    const bool negated = id.starts_with('^');
    if (negated) id.remove_prefix(1);
    if ((id == options_.config_id) == negated) return;
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), end - at, ' ');
    process(text, where, verbatim, depth + 1);
  }

  void repeat(const std::string& text, const Position& where, int depth) {
    const auto repetition =
        parse_repetition(definitions_.replace(text.substr(0, text.find(')'))).value_or("") +
                         text.substr(std::min(text.find(')'), text.size())));
    if (!repetition) {
      diagnostics_.tolerated_error(where, "this ~SEQ or ~LST cannot be understood");
      return;
    }
    for (const auto& round : repetition->rounds) {
      for (std::size_t i = 0; i < round.size(); ++i) {
        definitions_.set(repetition->names[i], round[i]);
      }
      process(repetition->rest, where, false, depth + 1);
      if (overflowed_) return;
    }
  }

  void replace(const std::string& text, const Position& where, bool verbatim, int depth) {
    const auto replaced = definitions_.replace(text);
    if (!replaced) {
      overflow(where);
      return;
    }
    if (*replaced == text && text.find('\n') == std::string::npos) {
      lines_.push_back({text, where, verbatim});
      return;
    }
    for (const auto part : split(*replaced, '\n')) {
      process(std::string(part), where, false, depth + 1);
    }
  }

  void overflow(const Position& where) {
    if (!overflowed_) diagnostics_.error(where, "replacement of parameters does not end here");
    overflowed_ = true;
  }

  SourceTree& sources_;
  const LineOptions& options_;
  Diagnostics& diagnostics_;
  Definitions definitions_;
  std::vector<Line> lines_;
  IncludeCheck include_check_;
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
  bool overflowed_ = false;
};

}  // namespace

std::vector<Line> read_lines(SourceTree& sources, const LineOptions& options,
                             Diagnostics& diagnostics) {
  return LineReader(sources, options, diagnostics).read_all();
}

}  // namespace baton::config::keepalived
