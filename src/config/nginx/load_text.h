// For tests and fuzzing: loads configuration text from memory. Includes are answered only from
// `files`, host names only from a fixed table, so that nothing outside is touched.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/nginx/load.h"

namespace baton::config::nginx {

struct Loaded {
  std::shared_ptr<const Proxy> proxy;  // null: refused
  Diagnostics diagnostics;

  // "error: message" lines, in order.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> result;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      const char* word = diagnostic.severity == Severity::error     ? "error"
                         : diagnostic.severity == Severity::warning ? "warning"
                                                                    : "note";
      result.push_back(fmt::format("{}: {}", word, diagnostic.message));
    }
    return result;
  }
  // The errors alone, as "LINE:COLUMN message".
  [[nodiscard]] std::vector<std::string> errors() const {
    std::vector<std::string> result;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      if (diagnostic.severity != Severity::error) continue;
      result.push_back(fmt::format("{}:{} {}", diagnostic.where.line, diagnostic.where.column,
                                   diagnostic.message));
    }
    return result;
  }
};

inline std::string packed_field(std::string_view text) {
  return fmt::format("{}:", text.size()) + std::string(text);
}

// `files` maps absolute paths to text; `globs` maps patterns to the paths that match.
inline Loaded load_text(std::string_view text, const std::map<std::string, std::string>& files = {},
                        const std::map<std::string, std::vector<std::string>>& globs = {},
                        LoadOptions options = {}) {
  options.path = "/etc/nginx/nginx.conf";
  if (!options.resolve) {
    options.resolve = [](const std::string& host) -> std::vector<net::IpAddress> {
      if (host == "localhost") return {net::IpAddress::ipv4(127, 0, 0, 1)};
      if (host == "two.example") {
        return {net::IpAddress::ipv4(192, 0, 2, 1), net::IpAddress::ipv4(192, 0, 2, 2)};
      }
      return {};
    };
  }
  std::string packed = "baton-sources-1\n";
  packed += 'f' + packed_field(options.path) + packed_field(text);
  for (const auto& [path, contents] : files) {
    packed += 'f' + packed_field(path) + packed_field(contents);
  }
  for (const auto& [pattern, paths] : globs) {
    packed += 'g' + packed_field(pattern) + packed_field(std::to_string(paths.size()));
    for (const std::string& path : paths) packed += packed_field(path);
  }
  Loaded loaded;
  auto sources = SourceTree::unpack(packed);
  if (sources) loaded.proxy = load(*sources, options, loaded.diagnostics);
  return loaded;
}

// `http_text` inside a file that is complete around it.
inline Loaded load_http(std::string_view http_text) {
  return load_text(fmt::format("events {{}}\nhttp {{\n{}\n}}\n", http_text));
}

}  // namespace baton::config::nginx
