// Writing "Name: value" lines. Heads are written for every request, so a line grows its text once.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace baton::http {

// Appends the line with its CR LF. `value` must hold no line end.
inline void append_header_line(std::string& into, std::string_view name, std::string_view value) {
  const std::size_t start = into.size();
  const std::size_t whole = start + name.size() + value.size() + 4;
  // The size that the operation is given may be larger than asked for (libstdc++ 12).
  into.resize_and_overwrite(whole, [&](char* text, std::size_t) {
    char* at = text + start;
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    *at++ = ':';
    *at++ = ' ';
    if (!value.empty()) std::memcpy(at, value.data(), value.size());
    at += value.size();
    *at++ = '\r';
    *at = '\n';
    return whole;
  });
}

}  // namespace baton::http
