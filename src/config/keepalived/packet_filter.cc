// nftables, nftables_priority, nftables_counters: the table for no_accept.

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/grammar.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t longest_table_name = 255;

void table(Reader& reader, PacketFilter& filter, const Statement& statement) {
  const std::string& name = statement.word(1);
  if (name.empty()) return;  // the word alone asks for what baton does anyway
  const bool is_name = name.size() <= longest_table_name && std::ranges::all_of(name, [](char c) {
                         return c > ' ' && c < 0x7f && c != '/' && c != '"';
                       });
  if (is_name) {
    filter.table = name;
  } else {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("nftables table name '{}' is not usable - ignoring", printable(name)));
  }
}

void priority(Reader& reader, PacketFilter& filter, const Statement& statement) {
  const auto value =
      reader.whole(statement, 1, INT32_MIN, INT32_MAX, "invalid nftables chain priority");
  if (value) filter.priority = static_cast<int>(*value);
}

void counters(Reader&, PacketFilter& filter, const Statement&) {
  filter.counters = true;
}

constexpr Keyword<PacketFilter> keywords[] = {
    {"nftables", Shape::line, 0, table},
    {"nftables_priority", Shape::line, 1, priority},
    {"nftables_counters", Shape::line, 0, counters},
};

}  // namespace

void read_packet_filter(Reader& reader, const Statement& block) {
  apply_known<PacketFilter>(reader, reader.model.packet_filter, block.block, keywords);
}

}  // namespace baton::config::keepalived
