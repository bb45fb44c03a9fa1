// Finding the hop-by-hop lines of a head.

#include "http/hop_by_hop.h"

#include "base/text.h"

namespace baton::http {

namespace {

bool may_be_removed(const Header& line) {
  switch (line.id) {
    case HeaderId::host:
    case HeaderId::authorization:
    case HeaderId::cache_control:
    case HeaderId::content_encoding:
    case HeaderId::content_length:
    case HeaderId::content_range:
    case HeaderId::content_type:
    case HeaderId::cookie:
    case HeaderId::forwarded:
    case HeaderId::set_cookie:
      return false;
    default:
      return line.name.size() < 2 || to_lower(line.name[0]) != 'x' || line.name[1] != '-';
  }
}

void mark_named(HeaderTable& headers, std::string_view name) {
  for (Header& line : headers) {
    if (equals_ignoring_case(line.name, name) && may_be_removed(line)) line.hop_by_hop = true;
  }
}

void mark_all(HeaderTable& headers, HeaderId id) {
  for (Header* line = headers.find(id); line; line = headers.next(*line)) line->hop_by_hop = true;
}

}  // namespace

bool next_list_element(std::string_view& list, std::string_view& element) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    element = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    if (!element.empty()) return true;
  }
  return false;
}

bool list_contains(std::string_view list, std::string_view token) {
  std::string_view element;
  while (next_list_element(list, element)) {
    if (equals_ignoring_case(element, token)) return true;
  }
  return false;
}

ConnectionOptions mark_hop_by_hop(HeaderTable& headers) {
  ConnectionOptions options;
  for (const HeaderId id : {HeaderId::connection, HeaderId::keep_alive, HeaderId::proxy_connection,
                            HeaderId::te, HeaderId::transfer_encoding, HeaderId::upgrade}) {
    mark_all(headers, id);
  }
  const Header* line = headers.find(HeaderId::connection);
  // A bound on the work: names beyond it stay where they are.
  int names_left = 32;
  for (; line; line = headers.next(*line)) {
    std::string_view list = line->value;
    // The two values that most connections carry need no list.
    if (list == "keep-alive") {
      options.keep_alive = true;
      continue;
    }
    if (list == "close") {
      options.close = true;
      continue;
    }
    std::string_view option;
    while (next_list_element(list, option)) {
      if (equals_ignoring_case(option, "close")) {
        options.close = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else if (equals_ignoring_case(option, "upgrade")) {
        options.upgrade = true;
      } else if (names_left-- > 0) {
        mark_named(headers, option);
      }
    }
  }
  return options;
}

}  // namespace baton::http
