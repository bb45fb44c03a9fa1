// Looking at what a stream has received without taking it.
#pragma once

#include <span>

#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::runtime {

// Completes when more than `known` bytes wait in the socket, or the other end will send no more:
// gives how many wait, copied to `into` from its start (no more than it holds).
Task<Result<std::size_t>> peek_more(Stream& stream, std::span<char> into, std::size_t known,
                                    Instant deadline);

// Takes the first `count` bytes of `waiting` that were seen there.
void discard(Stream& stream, std::size_t count, std::size_t waiting);

}  // namespace baton::runtime
