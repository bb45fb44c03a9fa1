// Normalising and escaping paths.

#include "http/uri.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace baton::http {

namespace {

// The path written so far, and the rules for what may be added to it.
class PathWriter {
 public:
  PathWriter(char* into, bool merge_slashes)
      : start_(into), end_(into), merge_slashes_(merge_slashes) {}

  // A character as written or decoded. False: ".." above the root.
  bool add(char c) {
    if (c != '/') {
      *end_++ = c;
      return true;
    }
    if (!finish_segment()) return false;
    const bool resolved = std::exchange(resolved_, false);
    if (resolved || (merge_slashes_ && end_ != start_ && end_[-1] == '/')) return true;
    *end_++ = '/';
    segment_ = end_;
    return true;
  }
  // A decoded '%', '#' or '?': an ordinary character whatever it means elsewhere.
  void add_plain(char c) { *end_++ = c; }

  // Resolves a last segment of "." or "..".
  bool finish_segment() {
    const std::string_view segment(segment_, static_cast<std::size_t>(end_ - segment_));
    if (end_ == start_ || segment_ == start_) return true;
    if (segment == ".") {
      end_ = segment_;
    } else if (segment == "..") {
      end_ = segment_ - 1;  // the slash before it
      while (end_ != start_ && end_[-1] != '/') --end_;
      if (end_ == start_) return false;
    } else {
      return true;
    }
    segment_ = end_;
    resolved_ = true;  // and the slash before it stands already
    return true;
  }
  [[nodiscard]] std::string_view text() const {
    return {start_, static_cast<std::size_t>(end_ - start_)};
  }

 private:
  char* const start_;
  char* end_;
  char* segment_ = start_;  // behind the last slash
  bool merge_slashes_;
  bool resolved_ = false;
};

constexpr auto path_escapes = [] {
  std::array<bool, 256> escapes{};
  for (unsigned c = 0; c < 256; ++c) escapes[c] = c <= 0x20 || c >= 0x7f;
  for (const char c : {'"', '#', '%', '<', '>', '?', '\\', '^', '`', '{', '|', '}'}) {
    escapes[static_cast<unsigned char>(c)] = true;
  }
  return escapes;
}();

}  // namespace

SplitTarget split_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  if (question == std::string_view::npos) return {target, {}, false};
  return {target.substr(0, question), target.substr(question + 1), true};
}

bool is_normal_path(std::string_view path, bool merge_slashes) {
  char previous = 0;
  for (const char c : path) {
    if (c == '%' || c == '\0') return false;
    if (previous == '/' && (c == '.' || (c == '/' && merge_slashes))) return false;
    previous = c;
  }
  return true;
}

bool climbs(std::string_view path) {
  std::string plain = "/";
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool escaped = path[i] == '%' && i + 2 < path.size() && hex_value(path[i + 1]) >= 0 &&
                         hex_value(path[i + 2]) >= 0;
    if (!escaped) {
      plain += path[i];
      continue;
    }
    plain += static_cast<char>(hex_value(path[i + 1]) * 16 + hex_value(path[i + 2]));
    i += 2;
  }
  plain += '/';
  return plain.find("/../") != std::string::npos;
}

std::optional<std::string_view> normalise_path(std::string_view path, bool merge_slashes,
                                               char* into) {
  PathWriter writer(into, merge_slashes);
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '\0') return std::nullopt;
    if (c == '%') {
      if (i + 2 >= path.size()) return std::nullopt;
      const int high = hex_value(path[i + 1]);
      const int low = hex_value(path[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      i += 2;
      c = static_cast<char>(high << 4 | low);
      if (c == '\0') return std::nullopt;
      if (c == '%' || c == '#' || c == '?') {
        writer.add_plain(c);
        continue;
      }
    }
    if (!writer.add(c)) return std::nullopt;
  }
  if (!writer.finish_segment()) return std::nullopt;
  return writer.text();
}

void append_escaped(std::string& to, std::string_view text, Escape escape) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool kept_in_arguments = escape == Escape::arguments && (c == '?' || c == '%');
    if (!path_escapes[byte] || kept_in_arguments) {
      to += c;
    } else {
      to += '%';
      to += digits[byte >> 4];
      to += digits[byte & 15];
    }
  }
}

std::optional<std::string_view> find_argument(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equals_ignoring_case(pair.substr(0, equals), name)) {
      return pair.substr(equals + 1);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

}  // namespace baton::http
