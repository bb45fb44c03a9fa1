// Reading a keepalived.conf: lines -> tree of statements -> typed model. global_defs comes first,
// then scripts, instances, groups: so the order of blocks in the file does not matter.

#include "config/keepalived/load.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "config/keepalived/command.h"
#include "config/keepalived/grammar.h"
#include "config/keepalived/lines.h"
#include "config/keepalived/tree.h"

namespace baton::config::keepalived {

namespace {

struct OuterBlock {
  std::string_view name;
  void (*read)(Reader&, const Statement&);
};

constexpr std::size_t most_problems = 100'000;

// In the order in which they are read.
constexpr OuterBlock outer_blocks[] = {
    {"global_defs", read_global_defs},
    {"vrrp_script", read_script},
    {"bfd_instance", read_bfd_instance},
    {"track_file", read_track_file},
    {"vrrp_track_file", read_track_file},
    {"vrrp_track_process", read_track_process},
    {"interface_up_down_delays", read_interface_delays},
    {"linkbeat_interfaces", read_link_beats},
    {"linkbeat_use_polling", read_link_beat_everywhere},
    {"static_ipaddress", read_static_addresses},
    {"static_routes", read_static_routes},
    {"static_rules", read_static_rules},
    {"vrrp_instance", read_instance},
    {"track_group", read_track_group},
    {"vrrp_sync_group", read_sync_group},
    {"garp_group", read_garp_group},
};

std::string short_host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  const std::string full = name.data();
  return full.substr(0, full.find('.'));
}

void read_blocks(Reader& reader, const std::vector<Statement>& statements,
                 const OuterBlock& outer) {
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (statements[i].keyword() != outer.name) continue;
    reader.order = i;
    outer.read(reader, statements[i]);
  }
}

// Whatever else stands on the outermost level.
void read_others(Reader& reader, const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    bool known = false;
    for (const OuterBlock& outer : outer_blocks) known |= statement.keyword() == outer.name;
    if (known || handle_foreign(reader, Section::outside, statement)) continue;
    auto words = foreign_words(Section::outside);
    for (const OuterBlock& outer : outer_blocks) words.push_back(outer.name);
    report_unknown(reader, statement, words);
  }
}

std::shared_ptr<const Failover> read_configuration(SourceTree& sources, const LoadOptions& options,
                                                   Diagnostics& diagnostics) {
  LineOptions line_options{options.path, options.config_id};
  if (line_options.config_id.empty()) line_options.config_id = short_host_name();
  const auto lines = read_lines(sources, line_options, diagnostics);
  const auto statements = build_tree(lines, diagnostics);

  Reader reader(diagnostics, sources.live());
  reader.sources = &sources;
  reader.model.script_user = default_account();
  read_outer_places(reader, statements);
  for (const OuterBlock& outer : outer_blocks) {
    read_blocks(reader, statements, outer);
    if (outer.read == read_global_defs) settle_globals(reader, short_host_name());
  }
  read_others(reader, statements);
  settle_scripts(reader);
  settle_places(reader);
  check_router_ids(reader);
  check_interface_delays(reader);
  settle_vmacs(reader);
  settle_statics(reader);
  settle_pair(reader);
  return std::make_shared<const Failover>(std::move(reader.model));
}

}  // namespace

std::shared_ptr<const Failover> load(SourceTree& sources, const LoadOptions& options,
                                     Diagnostics& all_diagnostics) {
  // Errors of another file that is checked together with this one do not make this one bad.
  Diagnostics diagnostics(most_problems);
  auto model = read_configuration(sources, options, diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.all()) all_diagnostics.add(diagnostic);
  return diagnostics.failed() ? nullptr : std::move(model);
}

}  // namespace baton::config::keepalived
