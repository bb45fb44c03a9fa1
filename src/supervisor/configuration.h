// The configuration that the tree runs with: both files read into their models through one
// SourceTree, all problems of both told at once, nothing used when one of them cannot be.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "config/keepalived/load.h"
#include "config/nginx/load.h"

namespace baton::supervisor {

// Which files to read, and how. A part that is absent does not exist in this tree.
struct ConfigurationFiles {
  std::optional<config::nginx::LoadOptions> proxy;
  std::optional<config::keepalived::LoadOptions> failover;
};

// Immutable once loaded; every generation holds the one that it was started with.
struct Configuration {
  std::shared_ptr<const config::Proxy> proxy;        // null: no such part
  std::shared_ptr<const config::Failover> failover;  // null: no such part
  std::string packed_sources;                        // what the failover process parses again
  std::string pair_key;                              // the text of its file; empty: no pair link
  WallTime loaded{};
};

// In whose words problems are told.
enum class Wording : std::uint8_t { baton, nginx, keepalived };

struct LoadedConfiguration {
  std::shared_ptr<const Configuration> configuration;  // null: it cannot be used
  std::string report;                                  // rendered diagnostics; empty: none
  std::string serious;                                 // of these, errors and warnings
  // One line each, for a log.
  std::vector<std::pair<LogLevel, std::string>> log_lines;
};

LoadedConfiguration load_configuration(const ConfigurationFiles& files, Wording wording);

// One diagnostic in nginx's log wording, "[emerg] TEXT in FILE:LINE", without the source line.
std::string nginx_words(const config::Diagnostic& diagnostic);

}  // namespace baton::supervisor
