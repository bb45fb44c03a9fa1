// Recycled memory for coroutine frames: per thread, one free list per size class of 64 bytes. A
// frame must be freed on the thread that made it, which a thread-per-core program does anyway.
#pragma once

#include <cstddef>

namespace baton::runtime {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size);

}  // namespace baton::runtime
