// Words of keepalived.conf(5) that baton knows by name only. None of them is ignored in silence:
// where the user relies on what they do, baton refuses the file and says which word; where they
// tune something that baton has not (mail, SNMP, LVS, buffers, process priorities), it goes on
// with a note.
#pragma once

#include <string_view>
#include <vector>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

enum class Section : std::uint8_t {
  outside,
  globals,
  script,
  instance,
  sync_group,
  authentication,
  track_file,
  track_process,
  bfd,
};

// Deals with `statement` when its keyword is keepalived's in that section: true. False: unknown.
bool handle_foreign(Reader& reader, Section section, const Statement& statement);

// All foreign words of a section, for suggestions.
std::vector<std::string_view> foreign_words(Section section);

}  // namespace baton::config::keepalived
