// userid: a cookie that tells clients apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace baton::config {

struct UserIdSettings {
  enum class Mode : std::uint8_t { off, log, v1, on } mode = Mode::off;
  std::string name = "uid";
  std::string domain;
  std::string path = "; path=/";
  std::string flags;  // "; secure; httponly; ..."
  std::string p3p;
  std::optional<std::uint32_t> service;  // absent: from the server's address
  std::optional<Duration> expires;
  bool expires_never = false;  // "max"
  char mark = 0;
};

}  // namespace baton::config
