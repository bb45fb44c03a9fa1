// Registering descriptors with epoll, and turning its events into flags.

#include "runtime/source.h"

#include <sys/epoll.h>

#include <cerrno>

#include "base/assert.h"

namespace baton::runtime {

Source::Source(Loop& loop, Fd fd, Trigger trigger, bool connecting)
    : loop_(loop),
      fd_(std::move(fd)),
      writable_(!connecting),
      watching_writes_(connecting),
      trigger_(trigger) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  if (trigger == Trigger::edge) event.events |= EPOLLET;
  if (connecting) event.events |= EPOLLOUT;
  event.data.ptr = static_cast<EventTarget*>(this);
  if (::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_ADD, fd_.get(), &event) != 0) {
    // Regular files cannot be polled and are always ready; running out of kernel memory for
    // watches makes the first operation fail in the ordinary way.
    readable_ = true;
    if (errno != EPERM) cancelled_ = true;
  }
  loop_.sources_.push_back(*this);
}

Source::~Source() {
  BATON_ASSERT(!reader_ && !writer_);
  // Closing alone takes a socket out of epoll only when nobody else has it: another process may
  // (listening sockets, the pulse's life, clients that were handed over), and its events would then
  // come with the address of a Source that is gone.
  if (fd_ && loop_.epoll_) {
    ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  }
}

Fd Source::release() {
  BATON_ASSERT(!reader_ && !writer_);
  ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  return std::move(fd_);
}

void Source::cancel() {
  cancelled_ = true;
  if (reader_) loop_.make_ready(*reader_);
  if (writer_) loop_.make_ready(*writer_);
}

void Source::interrupt(Direction direction) {
  interrupted(direction) = true;
  if (Waiter* waiting = waiter(direction)) loop_.make_ready(*waiting);
}

void Source::await_ready(Direction direction, Waiter& waiting) {
  Waiter*& place = waiter(direction);
  BATON_ASSERT(place == nullptr || place == &waiting);
  place = &waiting;
  if (direction == Direction::write && !watching_writes_) watch_writes();
  if (ready(direction) || cancelled()) loop_.make_ready(waiting);
}

void Source::watch_writes() {
  watching_writes_ = true;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLOUT;
  if (trigger_ == Trigger::edge) event.events |= EPOLLET;
  event.data.ptr = static_cast<EventTarget*>(this);
  ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_MOD, fd_.get(), &event);
}

void Source::set_watched(bool watched) {
  if (std::exchange(watched_, watched) == watched) return;
  epoll_event event{};
  event.events = watched ? EPOLLIN | EPOLLRDHUP : 0;
  if (trigger_ == Trigger::edge) event.events |= EPOLLET;
  event.data.ptr = static_cast<EventTarget*>(this);
  ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_MOD, fd_.get(), &event);
}

void Source::on_events(std::uint32_t events) {
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hung_up_ = true;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
    readable_ = true;
    if (reader_) loop_.make_ready(*reader_);
  }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
    writable_ = true;
    if (writer_) loop_.make_ready(*writer_);
  }
}

}  // namespace baton::runtime
