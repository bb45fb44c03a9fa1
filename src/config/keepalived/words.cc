// Cutting a line of keepalived.conf into words.

#include "config/keepalived/words.h"

#include "base/text.h"

namespace baton::config::keepalived {

namespace {

bool is_space(char c) {
  return is_blank(c) || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

// Walks over the bytes outside double quotes; a backslash inside quotes protects the next byte.
template <typename Found>
std::size_t find_unquoted(std::string_view line, std::size_t from, Found found) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && i >= from && found(c)) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Resolves escapes of shell-like words, one backslash sequence at a time.
class Escapes {
 public:
  explicit Escapes(std::string_view text) : text_(text) {}

  // `position` is that of the backslash; afterwards it is that of the last byte consumed.
  char resolve(std::size_t& position) {
    const char c = at(++position);
    switch (c) {
      case 'a':
        return '\a';
      case 'b':
        return '\b';
      case 'E':
        return '\x1b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      case 'x':
        return hexadecimal(position);
      case 'c':
        return static_cast<char>(at(++position) & 0x1f);
      default:
        return c >= '0' && c <= '7' ? octal(position) : c;
    }
  }

 private:
  [[nodiscard]] char at(std::size_t position) const {
    return position < text_.size() ? text_[position] : '\0';
  }
  char hexadecimal(std::size_t& position) const {
    int value = 0;
    while (hex_value(at(position + 1)) >= 0) {
      value = (value << 4 | hex_value(at(++position))) & 0xff;
    }
    return static_cast<char>(value);
  }
  char octal(std::size_t& position) const {
    int value = at(position) - '0';
    for (int digits = 1; digits < 3; ++digits) {
      const char next = at(position + 1);
      if (next < '0' || next > '7') break;
      value = value << 3 | (next - '0');
      ++position;
    }
    return static_cast<char>(value);
  }

  std::string_view text_;
};

}  // namespace

std::string_view without_comment(std::string_view line) {
  const std::size_t start = find_unquoted(line, 0, [](char c) { return c == '#' || c == '!'; });
  if (start == std::string_view::npos) return line;
  line = line.substr(0, start);
  if (line.ends_with('\\')) line.remove_suffix(1);
  return line;
}

std::size_t find_brace(std::string_view line, std::size_t from) {
  return find_unquoted(line, from, [](char c) { return c == '{' || c == '}'; });
}

std::vector<Word> plain_words(std::string_view text, bool* unmatched) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text[i])) {
      ++i;
      continue;
    }
    const std::size_t start = i;
    const bool quoted = text[i] == '"';
    if (quoted) {
      const std::size_t end = text.find('"', i + 1);
      if (end == std::string_view::npos && unmatched) *unmatched = true;
      i = end == std::string_view::npos ? text.size() : end + 1;
    } else {
      while (i < text.size() && !is_space(text[i]) && text[i] != '"') ++i;
    }
    std::string_view word = text.substr(start, i - start);
    if (quoted) {
      word.remove_prefix(1);
      if (word.ends_with('"')) word.remove_suffix(1);
    }
    words.push_back({std::string(word), static_cast<std::uint32_t>(start),
                     static_cast<std::uint32_t>(i - start)});
  }
  return words;
}

std::optional<std::vector<Word>> command_words(std::string_view text, char* open_quote) {
  std::vector<Word> words;
  Escapes escapes(text);
  for (std::size_t i = 0; i < text.size();) {
    if (is_space(text[i])) {
      ++i;
      continue;
    }
    Word word;
    word.offset = static_cast<std::uint32_t>(i);
    char quote = 0;
    for (; i < text.size() && (quote || !is_space(text[i])); ++i) {
      const char c = text[i];
      if (c == '\\' && i + 1 < text.size()) {
        word.text += escapes.resolve(i);
      } else if (c == quote) {
        quote = 0;
      } else if (!quote && (c == '"' || c == '\'')) {
        quote = c;
      } else {
        word.text += c;
      }
    }
    if (quote) {
      if (open_quote) *open_quote = quote;
      return std::nullopt;
    }
    i = std::min(i, text.size());
    word.length = static_cast<std::uint32_t>(i - word.offset);
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace baton::config::keepalived
