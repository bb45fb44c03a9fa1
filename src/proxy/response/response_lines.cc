// Lines of a response.

#include "proxy/response/response_lines.h"

#include <algorithm>

#include "base/text.h"

namespace baton::proxy {

ResponseHeader* find_line(Response& response, std::string_view name) {
  const auto found = std::ranges::find_if(response.headers, [name](const ResponseHeader& line) {
    return equals_ignoring_case(line.name, name);
  });
  return found == response.headers.end() ? nullptr : &*found;
}

std::string_view line_value(const Response& response, std::string_view name) {
  const ResponseHeader* line = find_line(const_cast<Response&>(response), name);
  return line ? line->value : std::string_view{};
}

void remove_lines(Response& response, std::string_view name) {
  std::erase_if(response.headers, [name](const ResponseHeader& line) {
    return equals_ignoring_case(line.name, name);
  });
}

void set_line(Response& response, std::string_view name, std::string_view value) {
  ResponseHeader* first = find_line(response, name);
  if (value.empty()) return remove_lines(response, name);
  if (!first) {
    response.headers.push_back({name, value});
    return;
  }
  first->value = value;
  const auto behind = response.headers.begin() + (first - response.headers.data()) + 1;
  const auto rest = std::remove_if(
      behind, response.headers.end(),
      [name](const ResponseHeader& line) { return equals_ignoring_case(line.name, name); });
  response.headers.erase(rest, response.headers.end());
}

}  // namespace baton::proxy
