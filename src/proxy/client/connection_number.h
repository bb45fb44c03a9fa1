// $connection: numbers of client connections, unique within the process.
#pragma once

#include <cstdint>

namespace baton::proxy {

// From 1; may be called from any thread.
std::uint64_t next_connection_number();

}  // namespace baton::proxy
