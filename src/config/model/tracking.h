// What instances watch besides scripts: numbers in files, other processes, and how the state of an
// interface is found and believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/source.h"

namespace baton::config {

// track_file: the number that a file holds, times the weight, is added to the priority.
struct TrackFile {
  std::string name;
  std::string path;
  int weight = 1;  // 0: any number but 0 means FAULT
  bool weight_reverse = false;
  // init_file: what is written at the start of the daemon when there is no file yet, or, with
  // `overwrite`, whatever there is.
  std::optional<int> initial_value;
  bool overwrite = false;
  Position where;
};

// vrrp_track_process: that enough, and not too many, processes of a name are there.
struct TrackProcess {
  enum class Match : std::uint8_t {
    name,     // the kernel's name (comm), or with full_command the name alone of the command line
    exact,    // the whole command line
    partial,  // its first words
    initial,  // its first words, the last of them as a beginning
  };
  std::string name;
  std::vector<std::string> command;  // [0] is the process's name, then its parameters
  Match match = Match::name;
  bool full_command = false;  // [0] is held against the command line, not against comm
  int weight = 0;
  bool weight_reverse = false;
  std::uint32_t quorum = 1;
  std::optional<std::uint32_t> quorum_max;
  Duration fork_delay = 0s;       // before a gained quorum counts
  Duration terminate_delay = 0s;  // before a lost one counts
  Position where;
};

struct TrackedFile {
  std::uint32_t file = 0;  // index into Failover::track_files
  int weight = 0;
  bool weight_reverse = false;
};

struct TrackedProcess {
  std::uint32_t process = 0;  // index into Failover::track_processes
  int weight = 0;
  bool weight_reverse = false;
};

// interface_up_down_delays: how long an interface has to stay in a new state before it counts.
struct InterfaceDelays {
  std::string interface;
  Duration down = 0s;
  Duration up = 0s;
};

// linkbeat_interfaces: the carrier is asked for every second, by these ways in their order.
struct LinkBeat {
  enum class Way : std::uint8_t { mii, ethtool, flags };
  std::string interface;
  Way preferred = Way::mii;
};

// The top-level part of all this.
struct Tracking {
  std::vector<TrackFile> files;
  std::vector<TrackProcess> processes;
  std::vector<InterfaceDelays> delays;
  std::vector<LinkBeat> link_beats;
  bool link_beat_everywhere = false;  // linkbeat_use_polling of global_defs
};

}  // namespace baton::config
