// Words about processes and files. Some stand in global_defs, the others outside of every block.

#include <fmt/format.h>

#include "base/text.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t longest_process_name = 15;

struct PlacesDraft {
  bool default_names = false;
  bool has_vrrp_name = false;
};

bool is_file_word(std::string_view word) {
  return !word.empty() && word.size() < 64 && word.find('/') == std::string_view::npos &&
         word != "." && word != "..";
}

// A word that becomes part of file names.
void name_part(Reader& reader, const Statement& statement, std::string& slot) {
  const std::string& word = statement.word(1);
  if (word.empty()) {
    reader.diagnostics.tolerated_error(
        statement.where, fmt::format("{} name missing - ignoring", statement.keyword()));
  } else if (!is_file_word(word)) {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("{} '{}' cannot be part of a file's name - ignoring",
                                        statement.keyword(), printable(word)));
  } else if (!slot.empty() && slot != word) {
    reader.diagnostics.tolerated_error(
        statement.where,
        fmt::format("Duplicate {} definition {} - ignoring", statement.keyword(), word));
  } else {
    slot = word;
  }
}

void network_namespace(Reader& reader, PlacesDraft&, const Statement& statement) {
  name_part(reader, statement, reader.model.places.network_namespace);
}

void instance(Reader& reader, PlacesDraft&, const Statement& statement) {
  name_part(reader, statement, reader.model.places.instance);
}

void pid_dir(Reader& reader, PlacesDraft&, const Statement&) {
  reader.model.places.use_pid_dir = true;
}

void default_names(Reader&, PlacesDraft& draft, const Statement&) {
  draft.default_names = true;
}

void process_name(Reader& reader, PlacesDraft& draft, const Statement& statement) {
  const std::string& word = statement.word(1);
  if (word.empty() || word.size() > longest_process_name) {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("{} '{}' has not between 1 and {} bytes - ignoring", statement.keyword(),
                    printable(word), longest_process_name));
    return;
  }
  if (statement.keyword() == "process_name") {
    reader.model.places.main_name = word;
  } else {
    reader.model.places.vrrp_name = word;
    draft.has_vrrp_name = true;
  }
}

void child_wait(Reader& reader, PlacesDraft&, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 0, 3600, "child_wait_time is ignored");
  if (value) reader.model.places.child_wait = std::chrono::seconds(*value);
}

// IRUSR and its eight siblings, joined by '|'.
std::optional<mode_t> permission_bits(std::string_view text) {
  mode_t mode = 0;
  for (const std::string_view part : split(text, '|')) {
    const std::string_view bit = trimmed(part);
    if (bit.size() != 5 || bit[0] != 'I') return std::nullopt;
    const std::size_t right = std::string_view("RWX").find(bit[1]);
    const std::string_view who = bit.substr(2);
    const int shift = who == "USR" ? 6 : who == "GRP" ? 3 : who == "OTH" ? 0 : -1;
    if (right == std::string_view::npos || shift < 0) return std::nullopt;
    mode |= static_cast<mode_t>(04U >> right << shift);
  }
  return mode;
}

// As C writes numbers: 0x is hexadecimal, a leading 0 octal.
std::optional<mode_t> mode_number(std::string_view text) {
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with('0') && text.size() > 1) {
    base = 8;
    text.remove_prefix(1);
  }
  mode_t mode = 0;
  for (const char c : text) {
    const int digit = hex_value(c);
    if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
    mode = mode * base + static_cast<unsigned>(digit);
    if (mode > 0777) return std::nullopt;
  }
  return text.empty() ? std::nullopt : std::optional(mode);
}

void umask_word(Reader& reader, PlacesDraft&, const Statement& statement) {
  std::string text;
  for (std::size_t i = 1; i < statement.words.size(); ++i) text += statement.word(i);
  auto mode = mode_number(text);
  if (!mode) mode = permission_bits(text);
  if (mode) {
    reader.model.places.umask = *mode;
  } else {
    reader.diagnostics.tolerated_error(statement.place(1),
                                       fmt::format("Unable to parse umask '{}'", printable(text)));
  }
}

void instance_in_dumps(Reader& reader, PlacesDraft&, const Statement& statement) {
  reader.model.places.dumps_name_instance = reader.boolean(statement).value_or(false);
}

void json_version(Reader& reader, PlacesDraft&, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 2, "json_version is ignored");
  if (value) reader.model.places.json_version = static_cast<int>(*value);
}

// An absolute path in word 1. Null after a tolerated error.
std::optional<std::string> absolute_path(Reader& reader, const Statement& statement) {
  const std::string& word = statement.word(1);
  if (word.starts_with('/')) return word;
  if (word.empty()) {
    reader.diagnostics.tolerated_error(statement.where,
                                       fmt::format("{} invalid", statement.keyword()));
    return std::nullopt;
  }
  reader.diagnostics.tolerated_error(
      statement.place(1),
      fmt::format("{} '{}' is not an absolute path - ignoring", statement.keyword(), word));
  return std::nullopt;
}

template <std::string ProcessPlaces::* Member>
void file_path(Reader& reader, PlacesDraft&, const Statement& statement) {
  if (auto path = absolute_path(reader, statement)) reader.model.places.*Member = std::move(*path);
}

void reload_check(Reader& reader, PlacesDraft&, const Statement& statement) {
  if (statement.words.size() > 1) {
    if (auto path = absolute_path(reader, statement)) {
      reader.model.places.reload_check_log = std::move(*path);
    }
  }
}

void reload_repeat(Reader& reader, PlacesDraft&, const Statement&) {
  reader.model.places.reload_repeat = true;
}

void reload_file(Reader& reader, PlacesDraft&, const Statement& statement) {
  ProcessPlaces& places = reader.model.places;
  if (statement.words.size() < 2) {
    places.reload_file = "/run/keepalived.reload";
  } else if (auto path = absolute_path(reader, statement)) {
    places.reload_file = std::move(*path);
  }
}

// These stand outside of all blocks, as in keepalived; in global_defs they are unknown.
constexpr Keyword<PlacesDraft> outer_keywords[] = {
    {"net_namespace", Shape::line, 0, network_namespace},
    {"instance", Shape::line, 0, instance},
    {"use_pid_dir", Shape::line, 0, pid_dir},
    {"child_wait_time", Shape::line, 1, child_wait},
};

constexpr Keyword<PlacesDraft> keywords[] = {
    {"process_names", Shape::line, 0, default_names},
    {"process_name", Shape::line, 1, process_name},
    {"vrrp_process_name", Shape::line, 1, process_name},
    {"umask", Shape::line, 1, umask_word},
    {"data_use_instance", Shape::line, 0, instance_in_dumps},
    {"json_version", Shape::line, 1, json_version},
    {"state_dump_file", Shape::line, 1, file_path<&ProcessPlaces::data_path>},
    {"stats_dump_file", Shape::line, 1, file_path<&ProcessPlaces::stats_path>},
    {"json_dump_file", Shape::line, 1, file_path<&ProcessPlaces::json_path>},
    {"reload_check_config", Shape::line, 0, reload_check},
    {"reload_time_file", Shape::line, 0, file_path<&ProcessPlaces::reload_time_file>},
    {"reload_repeat", Shape::line, 0, reload_repeat},
    {"reload_file", Shape::line, 0, reload_file},
};

// "/tmp/keepalived.data" with the namespace and the instance in front of its last dot.
std::string with_names(const std::string& path, const ProcessPlaces& places) {
  std::string names = places.network_namespace;
  if (!names.empty() && !places.instance.empty()) names += '_';
  names += places.instance;
  if (names.empty()) return path;
  const std::size_t slash = path.rfind('/');
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot < slash) return path + "." + names;
  return path.substr(0, dot) + "." + names + path.substr(dot);
}

}  // namespace

void read_places(Reader& reader, const Statement& block) {
  PlacesDraft draft;
  apply_known<PlacesDraft>(reader, draft, block.block, keywords);
  if (draft.default_names && !draft.has_vrrp_name) {
    reader.model.places.vrrp_name = "keepalived_vrrp";
    if (reader.model.places.main_name.empty()) reader.model.places.main_name = "keepalived";
  }
}

void read_outer_places(Reader& reader, const std::vector<Statement>& statements) {
  PlacesDraft draft;
  apply_known<PlacesDraft>(reader, draft, statements, outer_keywords);
}

void settle_places(Reader& reader) {
  ProcessPlaces& places = reader.model.places;
  if (!places.dumps_name_instance) return;
  places.data_path = with_names(places.data_path, places);
  places.parent_data_path = with_names(places.parent_data_path, places);
}

}  // namespace baton::config::keepalived
