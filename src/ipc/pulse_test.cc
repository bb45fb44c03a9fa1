// The page as another process gets it, and what its writer cannot do to its readers.

#include "ipc/pulse.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace baton::ipc {
namespace {

runtime::Fd copy_of(const runtime::Fd& fd) {
  return runtime::Fd(::dup(fd.get()));
}

TEST(Pulse, turns_are_seen_by_who_opens_the_page) {
  auto made = Pulse::create();
  ASSERT_TRUE(made);
  made->page().threads = 1;
  made->turn(0, Instant(7s));
  const auto seen = Pulse::open(copy_of(made->fd()));
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->turning(Instant(8s), 2s));
  EXPECT_FALSE(seen->turning(Instant(10s), 2s));
}

TEST(Pulse, its_writer_cannot_cut_it_off) {
  auto made = Pulse::create();
  ASSERT_TRUE(made);
  EXPECT_NE(::ftruncate(made->fd().get(), 0), 0);
  EXPECT_EQ(errno, EPERM);
}

TEST(Pulse, a_page_that_may_be_cut_off_is_refused) {
  runtime::Fd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(fd.get(), sizeof(PulsePage)), 0);
  EXPECT_FALSE(Pulse::open(std::move(fd)));
}

TEST(Pulse, a_page_that_is_too_short_is_refused) {
  runtime::Fd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(fd.get(), sizeof(PulsePage) - 1), 0);
  ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_FALSE(Pulse::open(std::move(fd)));
}

TEST(Pulse, a_descriptor_of_something_else_is_refused) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  runtime::Fd theirs(ends[1]);
  EXPECT_FALSE(Pulse::open(runtime::Fd(ends[0])));
}

}  // namespace
}  // namespace baton::ipc
