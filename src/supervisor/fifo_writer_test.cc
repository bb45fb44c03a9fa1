// Named pipes: made, filled, given up.

#include "supervisor/fifo_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace baton::supervisor {
namespace {

class Lines : public Log {
 public:
  void write(LogLevel, std::string_view line) override { all.emplace_back(line); }
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  std::vector<std::string> all;
};

class FifoWriterTest : public testing::Test {
 protected:
  FifoWriterTest() {
    std::string pattern = testing::TempDir() + "baton-fifo-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~FifoWriterTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] config::NotifyFifo fifo(const std::string& name) const {
    config::NotifyFifo wanted;
    wanted.path = folder_ + "/" + name;
    wanted.owner.uid = ::geteuid();
    wanted.owner.gid = ::getegid();
    return wanted;
  }
  static std::string read(const std::string& path) {
    const runtime::Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
    std::string text(200'000, '\0');
    const ssize_t count = ::read(fd.get(), text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }

  std::string folder_;
  Lines log_;
};

TEST_F(FifoWriterTest, LinesWaitForTheirReader) {
  FifoWriter writer(log_);
  writer.configure({fifo("a"), fifo("b")});
  writer.write("INSTANCE \"VI_1\" MASTER 100");
  writer.write("second");
  EXPECT_EQ(read(folder_ + "/a"), "INSTANCE \"VI_1\" MASTER 100\nsecond\n");
  EXPECT_EQ(read(folder_ + "/b"), "INSTANCE \"VI_1\" MASTER 100\nsecond\n");
}

TEST_F(FifoWriterTest, AReaderThatDoesNotReadBlocksNobody) {
  FifoWriter writer(log_);
  writer.configure({fifo("a")});
  const std::string line(1000, 'x');
  for (int i = 0; i < 200; ++i) writer.write(line);
  ASSERT_EQ(log_.all.size(), 1u);
  EXPECT_NE(log_.all[0].find("is full"), std::string::npos);
  EXPECT_EQ(read(folder_ + "/a").size() % 1001, 0u) << "only whole lines";
  writer.write("after");
  ASSERT_EQ(log_.all.size(), 2u);
  EXPECT_NE(log_.all[1].find("lines were dropped"), std::string::npos);
}

TEST_F(FifoWriterTest, AReloadKeepsWhatIsInAPipeThatStays) {
  FifoWriter writer(log_);
  writer.configure({fifo("a"), fifo("b")});
  writer.write("one");
  writer.configure({fifo("a")});
  writer.write("two");
  EXPECT_EQ(read(folder_ + "/a"), "one\ntwo\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/b"));
}

TEST_F(FifoWriterTest, RemovesOnlyWhatItMade) {
  ASSERT_EQ(::mkfifo((folder_ + "/given").c_str(), 0600), 0);
  {
    FifoWriter writer(log_);
    writer.configure({fifo("given"), fifo("made")});
    EXPECT_TRUE(writer.has(folder_ + "/given"));
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/given"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/made"));
}

TEST_F(FifoWriterTest, AFileAndALinkInItsPlaceStayUntouched) {
  std::ofstream(folder_ + "/file") << "text";
  ASSERT_EQ(::mkfifo((folder_ + "/real").c_str(), 0600), 0);
  std::filesystem::create_symlink(folder_ + "/real", folder_ + "/link");
  FifoWriter writer(log_);
  writer.configure({fifo("file"), fifo("link")});
  writer.write("line");
  EXPECT_FALSE(writer.has(folder_ + "/file"));
  EXPECT_FALSE(writer.has(folder_ + "/link"));
  EXPECT_EQ(log_.all.size(), 2u);
  std::string text;
  std::getline(std::ifstream(folder_ + "/file"), text);
  EXPECT_EQ(text, "text");
}

}  // namespace
}  // namespace baton::supervisor
