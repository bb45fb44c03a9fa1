// Header lines that concern one connection only and must not be forwarded (RFC 9110 section
// 7.6.1): the well-known ones and those that Connection names.
#pragma once

#include <string_view>

#include "http/header_table.h"

namespace baton::http {

// What the Connection lines of a head say.
struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

// Reads all Connection lines and sets Header::hop_by_hop where it is due. Lines that a proxy
// chain or the application relies on (Host, Content-*, Cookie, Authorization, Forwarded, X-...)
// stay even when a client names them: naming them is how clients get them removed between two
// proxies.
ConnectionOptions mark_hop_by_hop(HeaderTable& headers);

// Takes the next element of a comma separated list off the front of `list`; false at its end.
// Empty elements are skipped.
bool next_list_element(std::string_view& list, std::string_view& element);

// True when `token` (any case) is an element of the comma separated `list`.
bool list_contains(std::string_view list, std::string_view token);

}  // namespace baton::http
