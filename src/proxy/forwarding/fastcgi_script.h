// $fastcgi_script_name and $fastcgi_path_info.
#pragma once

#include <string>
#include <string_view>

#include "proxy/request.h"

namespace baton::proxy {

// The URI, divided by fastcgi_split_path_info, with
// fastcgi_index behind a slash at its end.
struct FastcgiScript {
  std::string_view name;
  std::string_view path_info;
};
FastcgiScript fastcgi_script(const Request& request);
void append_fastcgi_script_name(std::string& into, const Request& request);
void append_fastcgi_path_info(std::string& into, const Request& request);

}  // namespace baton::proxy
