// The lines of a keepalived.conf as the grammar sees them: included files in place, `@id` lines
// chosen, `$NAME` replaced, `~SEQ` and `~LST` lines repeated, comments and carriage returns gone.
// Each line remembers where it was written.
#pragma once

#include <string>
#include <vector>

#include "config/source.h"

namespace baton::config::keepalived {

struct Line {
  std::string text;
  Position where;        // of the first byte of the line as written
  bool verbatim = true;  // false: text was replaced, columns do not match the file any more
};

struct LineOptions {
  std::string path;
  std::string config_id;
};

// Reads `options.path` and what it includes. Problems go to `diagnostics`; what could be read is
// returned. At most a million lines come out, whatever the repetitions.
std::vector<Line> read_lines(SourceTree& sources, const LineOptions& options,
                             Diagnostics& diagnostics);

}  // namespace baton::config::keepalived
