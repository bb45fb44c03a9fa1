// The header lines of one head, in the order in which they came. Names and values are views into
// the buffer that the head was read into: nothing is copied, and the table is good for as long as
// that buffer stays. Known names are found by index; further lines of the same known name are
// chained.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/header_name.h"

namespace baton::http {

struct Header {
  std::string_view name;   // as sent
  std::string_view value;  // without blanks at both ends
  HeaderId id = HeaderId::unknown;
  // Not to be forwarded: concerns this connection only (RFC 9110 section 7.6.1), see hop_by_hop.h.
  bool hop_by_hop = false;
  std::uint16_t next = 0;  // position + 1 of the next line of the same known name; 0: none
};

class HeaderTable {
 public:
  // Most lines that a table may hold; parsers refuse more.
  static constexpr std::size_t lines_max = 4096;

  // Keeps its memory for the next head, unless an unusually large one made it grow.
  void clear() {
    for (const Header& line : lines_) {
      first_[static_cast<std::size_t>(line.id)] = last_[static_cast<std::size_t>(line.id)] = 0;
    }
    lines_.clear();
    if (lines_.capacity() > 256) lines_.shrink_to_fit();
    any_repeated_ = false;
  }

  // At most lines_max calls between two clear().
  void add(std::string_view name, std::string_view value, HeaderId id) {
    lines_.push_back({name, value, id, false, 0});
    if (id == HeaderId::unknown) return;
    const auto slot = static_cast<std::size_t>(id);
    const auto position = static_cast<std::uint16_t>(lines_.size());
    if (first_[slot] == 0) {
      first_[slot] = position;
    } else {
      lines_[last_[slot] - 1u].next = position;
      any_repeated_ = true;
    }
    last_[slot] = position;
  }

  // The first line of this name; null when there is none.
  [[nodiscard]] const Header* find(HeaderId id) const {
    const std::uint16_t position = first_[static_cast<std::size_t>(id)];
    return position == 0 ? nullptr : &lines_[position - 1u];
  }
  [[nodiscard]] Header* find(HeaderId id) {
    return const_cast<Header*>(std::as_const(*this).find(id));
  }
  [[nodiscard]] Header* next(const Header& line) {
    return line.next == 0 ? nullptr : &lines_[line.next - 1u];
  }
  // The next line of the same known name as `line`, which must be of this table.
  [[nodiscard]] const Header* next(const Header& line) const {
    return line.next == 0 ? nullptr : &lines_[line.next - 1u];
  }
  // The first line of this name in any case, known or not.
  [[nodiscard]] const Header* find(std::string_view name) const {
    for (const Header& line : lines_) {
      if (equals_ignoring_case(line.name, name)) return &line;
    }
    return nullptr;
  }
  // Value of the first line of this name, "" when there is none.
  [[nodiscard]] std::string_view value(HeaderId id) const {
    const Header* line = find(id);
    return line ? line->value : std::string_view{};
  }
  [[nodiscard]] bool has(HeaderId id) const { return first_[static_cast<std::size_t>(id)] != 0; }
  [[nodiscard]] bool is_repeated(HeaderId id) const {
    const auto slot = static_cast<std::size_t>(id);
    return first_[slot] != last_[slot];
  }

  // Whether any known name came more than once.
  [[nodiscard]] bool any_repeated() const { return any_repeated_; }

  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  [[nodiscard]] const Header& operator[](std::size_t position) const { return lines_[position]; }
  [[nodiscard]] Header& operator[](std::size_t position) { return lines_[position]; }
  [[nodiscard]] auto begin() const { return lines_.begin(); }
  [[nodiscard]] auto end() const { return lines_.end(); }
  [[nodiscard]] auto begin() { return lines_.begin(); }
  [[nodiscard]] auto end() { return lines_.end(); }

 private:
  std::vector<Header> lines_;
  std::array<std::uint16_t, header_id_count> first_{};  // position + 1; 0: none
  std::array<std::uint16_t, header_id_count> last_{};
  bool any_repeated_ = false;
};

}  // namespace baton::http
