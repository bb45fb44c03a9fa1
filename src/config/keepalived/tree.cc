// Building the tree of statements from lines.

#include "config/keepalived/tree.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t deepest_nesting = 32;

// Blocks of the outermost level: none of these words means anything inside a block, so that one
// inside shows that a `}` was forgotten.
bool opens_outer_block(std::string_view word) {
  static constexpr std::array<std::string_view, 16> words = {
      "global_defs",          "vrrp_instance",
      "vrrp_script",          "vrrp_sync_group",
      "vrrp_track_process",   "vrrp_track_file",
      "bfd_instance",         "virtual_server",
      "virtual_server_group", "static_ipaddress",
      "static_routes",        "static_rules",
      "track_group",          "garp_group",
      "linkbeat_interfaces",  "interface_up_down_delays"};
  return std::ranges::find(words, word) != words.end();
}

// Words that open a block inside an instance, group or global_defs.
bool opens_inner_block(std::string_view word) {
  static constexpr std::array<std::string_view, 13> words = {
      "virtual_ipaddress", "virtual_ipaddress_excluded",
      "virtual_routes",    "virtual_rules",
      "authentication",    "unicast_peer",
      "track_interface",   "track_script",
      "track_file",        "track_process",
      "track_bfd",         "group",
      "notification_email"};
  return std::ranges::find(words, word) != words.end();
}

class TreeBuilder {
 public:
  explicit TreeBuilder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::vector<Statement> build(const std::vector<Line>& lines) {
    open_.push_back(&root_);
    for (const auto& line : lines) take_line(line);
    settle_missing_brace({});
    if (const std::size_t missing = open_.size() - 1; missing > 0) {
      diagnostics_.tolerated_error(open_.back()->where,
                                   "There are " + std::to_string(missing) +
                                       " missing '}'s or extra '{'s: the block that " +
                                       "starts here is not closed");
    }
    return std::move(root_.block);
  }

 private:
  void take_line(const Line& line) {
    std::size_t from = 0;
    while (from < line.text.size()) {
      const std::size_t brace = find_brace(line.text, from);
      const std::size_t end = std::min(brace, line.text.size());
      take_statement(line, from, end);
      if (brace == std::string::npos) return;
      if (line.text[brace] == '{') {
        open_block(position(line, brace, 1));
      } else {
        close_block(position(line, brace, 1));
      }
      from = brace + 1;
    }
  }

  static Position position(const Line& line, std::size_t offset, std::uint32_t length) {
    Position where = line.where;
    if (!line.verbatim) return where;
    where.column = static_cast<std::uint32_t>(offset) + 1;
    where.length = length;
    return where;
  }

  void take_statement(const Line& line, std::size_t from, std::size_t end) {
    Statement statement;
    statement.raw = line.text.substr(from, end - from);
    bool unmatched = false;
    statement.words = plain_words(statement.raw, &unmatched);
    if (statement.words.empty()) return;
    statement.verbatim = line.verbatim;
    const Word& keyword = statement.words[0];
    statement.where = position(line, from + keyword.offset, keyword.length);
    if (unmatched) {
      diagnostics_.tolerated_error(statement.where, "Unmatched quote: '" + statement.raw + "'");
    }
    settle_missing_brace(statement.where);
    if (open_.size() > 1 && !skipping() && opens_outer_block(keyword.text)) {
      diagnostics_.tolerated_error(statement.where, "Missing '}' in front of this: the block '" +
                                                        open_[1]->keyword() + "' of line " +
                                                        std::to_string(open_[1]->where.line) +
                                                        " is still open");
      open_.resize(1);
    }
    open_.back()->block.push_back(std::move(statement));
    last_ = &open_.back()->block.back();
  }

  // The statement before the next one had to open a block and did not.
  void settle_missing_brace(const Position& where) {
    if (!last_ || last_->has_block || skipping()) return;
    const bool must_open = open_.size() == 1 ? opens_outer_block(last_->keyword())
                                             : opens_inner_block(last_->keyword());
    if (!must_open) return;
    diagnostics_.tolerated_error(
        where.file ? where : last_->where,
        "Missing '{' at beginning of configuration block '" + last_->keyword() + "'");
    last_->has_block = true;
    open_.push_back(last_);
    last_ = nullptr;
  }

  // Inside LVS blocks baton checks nothing but the braces.
  [[nodiscard]] bool skipping() const {
    return open_.size() > 1 && open_[1]->keyword().starts_with("virtual_server");
  }

  void open_block(const Position& where) {
    if (!last_ || last_->has_block || open_.size() > deepest_nesting) {
      diagnostics_.tolerated_error(where, open_.size() > deepest_nesting
                                              ? "Unexpected '{': blocks are nested too deeply"
                                              : "Unexpected '{' - ignoring");
      // A nameless statement takes the block, so that its `}` is not missed.
      Statement stray;
      stray.words.push_back({"{", 0, 1});
      stray.where = where;
      if (open_.size() > 4 * deepest_nesting) return;
      open_.back()->block.push_back(std::move(stray));
      last_ = &open_.back()->block.back();
    }
    last_->has_block = true;
    open_.push_back(last_);
    last_ = nullptr;
  }

  void close_block(const Position& where) {
    settle_missing_brace(where);
    if (open_.size() == 1) {
      diagnostics_.tolerated_error(where, "Extra '}' found");
      last_ = nullptr;
      return;
    }
    open_.pop_back();
    last_ = nullptr;
  }

  Diagnostics& diagnostics_;
  Statement root_;
  // The open blocks, outermost first. Pointers stay good: a block only grows while it is the
  // innermost one, and then none of its statements is open.
  std::vector<Statement*> open_;
  Statement* last_ = nullptr;  // may still be given a block
};

}  // namespace

const std::string& Statement::word(std::size_t index) const {
  static const std::string none;
  return index < words.size() ? words[index].text : none;
}

Position Statement::place(std::size_t index) const {
  Position position = where;
  if (!verbatim || index == 0 || index >= words.size()) return position;
  position.column += words[index].offset - words[0].offset;
  position.length = words[index].length;
  return position;
}

std::vector<Statement> build_tree(const std::vector<Line>& lines, Diagnostics& diagnostics) {
  return TreeBuilder(diagnostics).build(lines);
}

}  // namespace baton::config::keepalived
