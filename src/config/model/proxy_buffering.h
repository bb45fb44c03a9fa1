// How much of a response is read ahead of a slow client, and where it waits: proxy_buffers,
// proxy_busy_buffers_size, proxy_temp_path and the limits of its files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/model/temporary_path.h"

namespace baton::config {

struct ProxyBuffering {
  TemporaryPath temporary;
  std::uint64_t temporary_bytes_max = 1 << 30;   // proxy_max_temp_file_size; 0: no files
  std::size_t temporary_write_bytes = 2 * 4096;  // proxy_temp_file_write_size
};

}  // namespace baton::config
