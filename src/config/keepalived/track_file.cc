// track_file (old name vrrp_track_file): a file whose number moves priorities.

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "base/text.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

void file(Reader& reader, TrackFile& draft, const Statement& statement) {
  if (!draft.path.empty()) {
    reader.diagnostics.tolerated_error(
        statement.where, fmt::format("File already set for track file {} - ignoring {}", draft.name,
                                     statement.word(1)));
    return;
  }
  draft.path = statement.word(1);
}

void weight(Reader& reader, TrackFile& draft, const Statement& statement) {
  const auto value = reader.whole(
      statement, 1, -INT_MAX, INT_MAX,
      fmt::format("Weight ({}) for track file {} is ignored", statement.word(1), draft.name));
  if (value) draft.weight = static_cast<int>(*value);
  const std::string& option = statement.word(2);
  if (option == "reverse") {
    draft.weight_reverse = true;
  } else if (!option.empty()) {
    reader.diagnostics.tolerated_error(
        statement.place(2),
        fmt::format("track_file {} unknown weight option {}", draft.name, option),
        "the only option is \"reverse\"");
  }
}

void initial_value(Reader& reader, TrackFile& draft, const Statement& statement) {
  draft.initial_value = 0;
  for (std::size_t word = 1; word < statement.words.size(); ++word) {
    const auto value = parse_signed(statement.word(word));
    if (statement.word(word) == "overwrite") {
      draft.overwrite = true;
    } else if (value && *value >= INT_MIN && *value <= INT_MAX) {
      draft.initial_value = static_cast<int>(*value);
    } else {
      reader.diagnostics.tolerated_error(
          statement.place(word),
          fmt::format("Unknown track file {} init option {}", draft.name, statement.word(word)),
          "say init_file [VALUE] [overwrite]");
    }
  }
}

constexpr Keyword<TrackFile> keywords[] = {
    {"file", Shape::line, 1, file},
    {"weight", Shape::line, 1, weight},
    {"init_file", Shape::line, 0, initial_value},
};

}  // namespace

void read_track_file(Reader& reader, const Statement& block) {
  auto& files = reader.model.tracking.files;
  TrackFile draft;
  draft.name = block.word(1);
  draft.where = block.place(1);
  apply_statements<TrackFile>(reader, draft, block.block, Section::track_file, keywords);
  if (draft.name.empty()) {
    reader.diagnostics.tolerated_error(block.where, "track_file must have a name");
  } else if (contains(files, draft.name, &TrackFile::name)) {
    reader.diagnostics.tolerated_error(
        draft.where, fmt::format("Vrrp track file {} already exists - ignoring", draft.name));
  } else if (!draft.path.starts_with('/')) {
    reader.diagnostics.tolerated_error(
        draft.where, draft.path.empty()
                         ? fmt::format("No file set for track_file {} - removing", draft.name)
                         : fmt::format("track_file {}: file {} is not an absolute path - removing",
                                       draft.name, draft.path));
  } else {
    files.push_back(std::move(draft));
  }
}

}  // namespace baton::config::keepalived
