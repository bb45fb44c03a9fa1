// What the kernel knows of a TCP connection beyond its readiness.
#pragma once

#include <cstddef>

namespace baton::runtime {

// Whether the other end's kernel can have taken any of the last `bytes` that were sent on `fd`,
// asked after the connection failed. False: not one of them was acknowledged, so nobody can have
// acted upon them. True when that cannot be known.
bool may_have_arrived(int fd, std::size_t bytes);

}  // namespace baton::runtime
