// MD5 (RFC 1321), for names and for formats that were fixed long ago: files of a cache, signed
// links. Nothing may rest on its strength.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace baton {

using Md5 = std::array<std::uint8_t, 16>;

Md5 md5(std::string_view text);
// Of all parts in a row.
Md5 md5(std::initializer_list<std::string_view> parts);

}  // namespace baton
