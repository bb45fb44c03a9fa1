// Folders of temporary files.

#include "config/nginx/temporary_path.h"

#include "config/nginx/value.h"

namespace baton::config::nginx {

std::optional<TemporaryPath> parse_temporary_path(Reader& reader, const Directive& directive) {
  TemporaryPath temporary;
  temporary.path = reader.full_path(directive.word(1));
  while (temporary.path.size() > 1 && temporary.path.ends_with('/')) temporary.path.pop_back();
  std::uint64_t sum = 0;
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    const auto digits = parse_number(directive.word(i));
    // All levels together are made of the ten digits of a name.
    if (digits) sum += *digits;
    if (!digits || *digits == 0 || *digits > 10 || sum > 10) {
      reader.directive_error(directive, i, "invalid value");
      return std::nullopt;
    }
    temporary.levels[i - 2] = static_cast<std::uint8_t>(*digits);
  }
  return temporary;
}

}  // namespace baton::config::nginx
