// interface_up_down_delays and linkbeat_interfaces: how the state of an interface is found, and
// when it is believed.

#include <fmt/format.h>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

void read_interface_delays(Reader& reader, const Statement& block) {
  constexpr double longest_s = 255;
  auto& delays = reader.model.tracking.delays;
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    if (line.words.size() < 2) {
      reader.diagnostics.tolerated_error(
          line.where,
          fmt::format("interface_up_down_delays: no delay for {} - ignoring", line.keyword()));
      continue;
    }
    if (contains(delays, line.keyword(), &InterfaceDelays::interface)) {
      reader.diagnostics.tolerated_error(
          line.where,
          fmt::format("interface_up_down_delays: {} is there already - ignoring", line.keyword()));
      continue;
    }
    const auto down = reader.seconds(line, 1, 0, longest_s, "the delays are ignored");
    if (!down) continue;
    auto up = down;
    if (line.words.size() > 2) up = reader.seconds(line, 2, 0, longest_s, "as the down delay");
    delays.push_back({line.keyword(), *down, up.value_or(*down)});
  }
}

// A node that does not notice its own dead link before the others elect another master may become
// one itself first.
void check_interface_delays(Reader& reader) {
  for (const VrrpInstance& instance : reader.model.instances) {
    for (const InterfaceDelays& delays : reader.model.tracking.delays) {
      if (delays.interface != instance.interface) continue;
      const Duration most = (instance.down_timer_adverts - 1) * instance.advert_interval;
      if (delays.down < most) continue;
      reader.diagnostics.warning(
          instance.where,
          fmt::format("({}) the down delay of {} ({} s) is not shorter than {} adverts: a node "
                      "that hears nothing may become master before it knows of its fault",
                      instance.name, delays.interface, to_seconds(delays.down),
                      instance.down_timer_adverts - 1));
    }
  }
}

void read_link_beats(Reader& reader, const Statement& block) {
  struct Name {
    std::string_view word;
    LinkBeat::Way way;
  };
  static constexpr Name names[] = {{"MII", LinkBeat::Way::mii},
                                   {"ETHTOOL", LinkBeat::Way::ethtool},
                                   {"IOCTL", LinkBeat::Way::flags}};
  for (const Statement& line : block.block) {
    if (line.keyword() == "{") continue;
    LinkBeat beat{line.keyword(), LinkBeat::Way::mii};
    bool known = line.words.size() < 2;
    for (const Name& name : names) {
      if (line.word(1) != name.word) continue;
      beat.preferred = name.way;
      known = true;
    }
    if (!known) {
      reader.diagnostics.tolerated_error(
          line.place(1),
          fmt::format("Invalid linkbeat type {} for {} - using MII", line.word(1), beat.interface));
    }
    add_link_beat(reader, beat);
  }
}

void read_link_beat_everywhere(Reader& reader, const Statement&) {
  reader.model.tracking.link_beat_everywhere = true;
}

void add_link_beat(Reader& reader, const LinkBeat& beat) {
  auto& beats = reader.model.tracking.link_beats;
  if (!contains(beats, beat.interface, &LinkBeat::interface)) beats.push_back(beat);
}

}  // namespace baton::config::keepalived
