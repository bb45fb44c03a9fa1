// A command that the configuration names, and the account it runs under.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/source.h"

namespace baton::config {

// The account that a script runs under, resolved to numbers when the file was read.
struct ScriptUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

// A command line split into words as keepalived does: no shell.
struct ScriptCommand {
  std::vector<std::string> arguments;  // [0] is the program
  ScriptUser user;
  Position where;
};

}  // namespace baton::config
