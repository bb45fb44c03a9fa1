// fastcgi_pass and its family. A location with fastcgi_pass also has a ProxyPass (Location::proxy),
// which says what the two protocols have in common: the group, timeouts, retries, header lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/proxy.h"
#include "config/model/proxy_buffering.h"
#include "config/model/template_text.h"

namespace baton::config {

struct FastcgiParam {
  std::string name;
  TemplateText value;
  bool if_not_empty = false;
};

struct FastcgiSettings {
  std::vector<FastcgiParam> params;
  std::string index;                         // behind a URI that ends with a slash
  std::optional<std::string> split_pattern;  // fastcgi_split_path_info: two groups
  bool keep_connection = false;
  std::vector<std::string> failing_errors;          // fastcgi_catch_stderr
  ProxyPass common;                                 // what becomes of Location::proxy
  std::shared_ptr<const ProxyBuffering> buffering;  // fastcgi_temp_path and its limit
  std::vector<std::string> hidden, passed;  // fastcgi_hide_header, fastcgi_pass_header; lower case
};

}  // namespace baton::config
