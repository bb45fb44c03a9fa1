// A log that nobody reads holds nobody up, and nothing is lost before its bound.

#include "supervisor/patient_logs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace baton::supervisor {
namespace {

class PatientStream : public ::testing::Test {
 protected:
  PatientStream() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader = runtime::Fd(ends[0]);
    writer = runtime::Fd(ends[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  }
  std::string read_all() {
    std::string text;
    std::array<char, 65536> buffer;
    for (;;) {
      const ssize_t size = ::read(reader.get(), buffer.data(), buffer.size());
      if (size <= 0) return text;
      text.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  runtime::Fd reader;
  runtime::Fd writer;
};

TEST_F(PatientStream, WritesAtOnceWhenItCan) {
  PatientStreamLog log(writer.get(), LineStyle::bare, "", LogLevel::info);
  log.write(LogLevel::info, "one");
  log.write(LogLevel::debug, "too fine");
  EXPECT_EQ(read_all(), "one\n");
}

TEST_F(PatientStream, KeepsWhatAFullPipeDoesNotTakeAndWritesItInOrder) {
  PatientStreamLog log(writer.get(), LineStyle::bare, "", LogLevel::info);
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string line = std::to_string(i) + std::string(60, 'x');
    log.write(LogLevel::info, line);
    expected += line + "\n";
  }
  EXPECT_GT(log.waiting(), 0u);
  EXPECT_FALSE(log.flush());
  std::string text = read_all();
  while (!log.flush()) text += read_all();
  EXPECT_EQ(text + read_all(), expected);
}

TEST_F(PatientStream, SaysHowManyLinesWereLostBeyondItsBound) {
  PatientStreamLog log(writer.get(), LineStyle::bare, "", LogLevel::info);
  while (log.waiting() < PatientLog::lines_max) log.write(LogLevel::info, std::string(100, 'x'));
  for (int i = 0; i < 7; ++i) log.write(LogLevel::info, "lost");
  std::string text;
  while (!log.flush()) text += read_all();
  text += read_all();
  EXPECT_TRUE(text.ends_with("7 lines were lost: the log did not take them\n"));
  EXPECT_EQ(text.find("lost\n"), std::string::npos);
}

TEST(PatientSyslog, ADaemonThatDoesNotReadHoldsNobodyUp) {
  const std::string path = ::testing::TempDir() + "patient_log";
  ::unlink(path.c_str());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size());
  const runtime::Fd daemon(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(daemon.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  PatientSyslogLog log("Keepalived_vrrp", LOG_LOCAL1, LogLevel::info, path);
  for (int i = 0; i < 2000; ++i) log.write(LogLevel::warning, "line " + std::to_string(i));
  EXPECT_GT(log.waiting(), 0u);
  std::array<char, 256> buffer;
  for (int i = 0; i < 2000; ++i) {
    ssize_t size = ::recv(daemon.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) {
      log.flush();
      size = ::recv(daemon.get(), buffer.data(), buffer.size(), 0);
    }
    ASSERT_GT(size, 0);
    const std::string_view line(buffer.data(), static_cast<std::size_t>(size));
    EXPECT_TRUE(line.starts_with("<140>")) << line;
    EXPECT_TRUE(line.ends_with("]: line " + std::to_string(i))) << line;
  }
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace baton::supervisor
