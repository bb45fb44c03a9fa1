// Names and places of the failover part's processes and files: words of keepalived.conf(5) that
// concern no virtual router. What is set here when the tree starts stays until its end, except
// where said otherwise.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/time.h"

namespace baton::config {

struct ProcessPlaces {
  std::string network_namespace;         // net_namespace; empty: where we were started
  std::string instance;                  // part of the names of pid files, dumps and log lines
  bool use_pid_dir = false;              // pid files in /run/keepalived
  std::string main_name;                 // process_name: comm of the supervisor; empty: as started
  std::string vrrp_name = "keepalived";  // vrrp_process_name: comm of the failover process
  mode_t umask = 0177;                   // of dumps; may change at reload
  Duration child_wait = 5s;              // how long the end waits for the failover process

  // May change at reload.
  bool dumps_name_instance = false;  // data_use_instance
  int json_version = 1;              // 2: an object with the instances in "vrrp"
  std::string data_path = "/tmp/keepalived.data";
  std::string parent_data_path = "/tmp/keepalived_parent.data";
  std::string stats_path = "/tmp/keepalived.stats";
  std::string json_path = "/tmp/keepalived.json";
  std::optional<std::string> reload_check_log;  // reload_check_config LOG
  std::string reload_time_file;                 // holds the time of the next reload
  bool reload_repeat = false;
  std::string reload_file;  // exists while a reload reads the configuration; empty: none
};

}  // namespace baton::config
