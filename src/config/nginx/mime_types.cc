// Lists of media types.

#include "config/nginx/mime_types.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::config::nginx {

void read_mime_types(Reader& reader, const Directive& directive, MimeSet& set) {
  if (reader.first_on_level()) set = {false, {"text/html"}};
  for (std::size_t i = 1; i <= directive.count() && !set.any; ++i) {
    const std::string type = lowered(directive.word(i));
    if (type == "*") {
      set.any = true;
    } else if (std::ranges::find(set.types, type) != set.types.end()) {
      reader.warning(directive, i, fmt::format("duplicate MIME type \"{}\"", directive.word(i)));
    } else {
      set.types.push_back(type);
    }
  }
}

}  // namespace baton::config::nginx
