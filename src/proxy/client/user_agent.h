// Browsers that nginx treats in their own way, told by User-Agent.
#pragma once

#include <string_view>

namespace baton::proxy {

inline bool is_msie(std::string_view user_agent) {
  return user_agent.find("MSIE ") != std::string_view::npos &&
         user_agent.find("Opera") == std::string_view::npos;
}

// MSIE 4 to 6, but for the 6 of Windows XP SP2.
inline bool is_msie6(std::string_view user_agent) {
  const std::size_t at = user_agent.find("MSIE ");
  if (at == std::string_view::npos || at + 6 >= user_agent.size()) return false;
  const char version = user_agent[at + 5];
  if (user_agent[at + 6] != '.' || version < '4' || version > '6') return false;
  return version != '6' || user_agent.find("SV1", at) == std::string_view::npos;
}

inline bool is_chrome(std::string_view user_agent) {
  return user_agent.find("Chrome/") != std::string_view::npos;
}

inline bool is_safari(std::string_view user_agent) {
  return !is_chrome(user_agent) && user_agent.find("Safari/") != std::string_view::npos &&
         user_agent.find("Mac OS X") != std::string_view::npos;
}

}  // namespace baton::proxy
