// Making and mapping the pulse page.

#include "ipc/pulse.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <utility>

#include "base/assert.h"

namespace baton::ipc {

namespace {

// Who looks at a page that was cut off dies of SIGBUS: the proxy, which clients talk to, must not
// be able to do that to the failover process.
constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Result<PulsePage*> map_page(const runtime::Fd& fd) {
  void* memory =
      ::mmap(nullptr, sizeof(PulsePage), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "mmap of the pulse page");
  return static_cast<PulsePage*>(memory);
}

}  // namespace

Pulse::Pulse(runtime::Fd fd, PulsePage* page) : fd_(std::move(fd)), page_(page) {}

Pulse::Pulse(Pulse&& other) noexcept
    : fd_(std::move(other.fd_)), page_(std::exchange(other.page_, nullptr)) {}

Pulse& Pulse::operator=(Pulse&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(page_, other.page_);
  return *this;
}

Pulse::~Pulse() {
  if (page_) ::munmap(page_, sizeof(PulsePage));
}

Result<Pulse> Pulse::create() {
  runtime::Fd fd(::memfd_create("baton-pulse", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno(errno, "memfd_create of the pulse page");
  if (::ftruncate(fd.get(), sizeof(PulsePage)) != 0) return fail_errno(errno, "ftruncate");
  if (::fcntl(fd.get(), F_ADD_SEALS, size_seals) != 0) return fail_errno(errno, "F_ADD_SEALS");
  auto page = map_page(fd);
  if (!page) return std::unexpected(page.error());
  return Pulse(std::move(fd), new (*page) PulsePage);
}

Result<Pulse> Pulse::open(runtime::Fd fd) {
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
    return fail(ErrorKind::malformed, "pulse page may shrink");
  }
  if (::lseek(fd.get(), 0, SEEK_END) < static_cast<off_t>(sizeof(PulsePage))) {
    return fail(ErrorKind::malformed, "pulse page is too short");
  }
  auto page = map_page(fd);
  if (!page) return std::unexpected(page.error());
  return Pulse(std::move(fd), *page);
}

bool Pulse::turning(Instant now, Duration limit) const {
  const std::uint32_t threads = page_->threads.load(std::memory_order_acquire);
  if (threads == 0 || threads > PulsePage::threads_max) return false;
  for (std::uint32_t i = 0; i < threads; ++i) {
    const Instant last(Duration(page_->thread[i].last_turn_ns.load(std::memory_order_relaxed)));
    if (now - last > limit) return false;
  }
  return true;
}

void Pulse::turn(std::uint32_t index, Instant now) {
  BATON_ASSERT(index < PulsePage::threads_max);
  auto& thread = page_->thread[index];
  thread.last_turn_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  thread.turns.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace baton::ipc
