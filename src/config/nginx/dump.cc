// `nginx -T`: the text of every file.

#include "config/nginx/dump.h"

#include <fmt/format.h>

namespace baton::config::nginx {

std::string dump(SourceTree& sources) {
  std::string text;
  for (const std::string& path : sources.order()) {
    text += fmt::format("# configuration file {}:\n", path);
    if (const auto file = sources.read(path)) text += *file;
    text += '\n';
  }
  return text;
}

}  // namespace baton::config::nginx
