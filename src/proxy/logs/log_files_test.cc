// Log files, access log and error log together, in a folder of their own.

#include "proxy/logs/log_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "proxy/logs/access_log.h"
#include "proxy/logs/error_log.h"

namespace baton::proxy {
namespace {

namespace fs = std::filesystem;

class LogsTest : public testing::Test {
 protected:
  LogsTest() {
    std::string pattern = (fs::temp_directory_path() / "baton-logs-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    config.log_formats.push_back(
        {"combined", {{{config::Variable::request, "", 0}}, "$request"}, {}});
    config.error_logs.push_back({path("error.log"), LogLevel::warning, nullptr});
    config.servers.resize(1);
    config.servers[0].primary_name = "localhost";
    config.servers[0].locations.resize(1);
    log_to(path("access.log"));
    client.client_text = "127.0.0.1";
    client.number = 7;
    request.client = &client;
    request.server = &config.servers[0];
    request.location = &location();
    request.head.line = "GET / HTTP/1.1";
  }
  ~LogsTest() override { fs::remove_all(folder); }

  config::Location& location() { return config.servers[0].locations[0]; }
  // The location's one access log; gives it, to be changed further before it is used.
  config::AccessLog& log_to(const std::string& file) {
    auto logs = std::make_shared<config::AccessLogs>(1);
    logs->at(0).path = file;
    location().access_logs = logs;
    return logs->at(0);
  }
  std::string path(const std::string& name) { return folder + "/" + name; }
  std::string text(const std::string& name) {
    std::ifstream file(path(name));
    std::stringstream all;
    all << file.rdbuf();
    return all.str();
  }
  void open() {
    auto opened = open_logs(config);
    ASSERT_TRUE(opened) << opened.error();
    files = std::move(*opened);
  }
  void turn_for(Duration duration) {
    runtime::Timer timer(*loop, [&] { loop->stop(); });
    timer.arm(loop->refresh_now() + duration);
    loop->run();
  }

  std::string folder;
  config::Proxy config;
  ClientInfo client;
  Request request;
  std::unique_ptr<LogFiles> files;
  MemoryLog problems;
  std::unique_ptr<runtime::Loop> loop = std::move(*runtime::Loop::create());
};

TEST_F(LogsTest, AFileThatCanNotBeOpenedIsToldInNginxsWords) {
  log_to(path("missing/access.log"));
  const auto opened = open_logs(config);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(),
            "open() \"" + path("missing/access.log") + "\" failed (2: No such file or directory)");
}

TEST_F(LogsTest, ALoneLineIsWrittenAtOnce) {
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  EXPECT_EQ(text("access.log"), "GET / HTTP/1.1\n");
}

std::string lines_of(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += "GET / HTTP/1.1\n";
  return lines;
}

TEST_F(LogsTest, OfManyLinesInQuickSuccessionTheFirstAreWrittenAtOnceAndTheOthersSoonAfter) {
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  for (int i = 0; i < writes_at_once + 3; ++i) writer.write(request);
  EXPECT_EQ(text("access.log"), lines_of(writes_at_once));
  turn_for(60ms);
  EXPECT_EQ(text("access.log"), lines_of(writes_at_once + 3));
}

TEST_F(LogsTest, WhatIsGatheredIsWrittenAtTheEnd) {
  open();
  {
    AccessLogWriter writer(*loop, config, *files, problems);
    for (int i = 0; i < writes_at_once + 1; ++i) writer.write(request);
  }
  EXPECT_EQ(text("access.log"), lines_of(writes_at_once + 1));
}

TEST_F(LogsTest, LinesOfSeveralThreadsNeverMix) {
  open();
  const std::string long_line = "GET /" + std::string(900, 'x') + " HTTP/1.1";
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      auto own_loop = std::move(*runtime::Loop::create());
      AccessLogWriter writer(*own_loop, config, *files, problems);
      Request own;
      own.location = request.location;
      own.head.line = long_line;
      for (int i = 0; i < 400; ++i) writer.write(own);
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream lines(text("access.log"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) ASSERT_EQ(line, long_line);
  EXPECT_EQ(count, 1200);
}

TEST_F(LogsTest, ReopeningFollowsARotation) {
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  fs::rename(path("access.log"), path("access.log.1"));
  writer.write(request);
  writer.flush();
  EXPECT_TRUE(files->reopen(LogFiles::Owner{::getuid(), ::getgid()}).empty());
  writer.write(request);
  writer.flush();
  EXPECT_EQ(text("access.log.1"), "GET / HTTP/1.1\nGET / HTTP/1.1\n");
  EXPECT_EQ(text("access.log"), "GET / HTTP/1.1\n");
}

TEST_F(LogsTest, AFileThatCanNotBeReopenedStaysInUse) {
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  fs::rename(path("access.log"), path("moved.log"));
  fs::create_directory(path("access.log"));
  const auto failures = files->reopen();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].find("failed (21: Is a directory)"), std::string::npos);
  writer.write(request);
  EXPECT_EQ(text("moved.log"), "GET / HTTP/1.1\n");
}

TEST_F(LogsTest, AFullDiskIsToldAndTheServiceGoesOn) {
  log_to("/dev/full");
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  EXPECT_TRUE(problems.contains("failed (28: No space left on device)"));
}

TEST_F(LogsTest, ABufferedLogIsWrittenWhenItIsFullOrFlushed) {
  log_to(path("access.log")).buffer_bytes = 40;
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  writer.write(request);
  turn_for(60ms);
  EXPECT_EQ(text("access.log"), "");
  writer.write(request);
  EXPECT_EQ(text("access.log"), "GET / HTTP/1.1\nGET / HTTP/1.1\n");
  writer.flush();
  EXPECT_EQ(text("access.log"), "GET / HTTP/1.1\nGET / HTTP/1.1\nGET / HTTP/1.1\n");
}

TEST_F(LogsTest, ABufferMayBeFlushedByTime) {
  auto& log = log_to(path("access.log"));
  log.buffer_bytes = 1000;
  log.flush_interval = 20ms;
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  EXPECT_EQ(text("access.log"), "");
  turn_for(60ms);
  EXPECT_EQ(text("access.log"), "GET / HTTP/1.1\n");
}

TEST_F(LogsTest, AConditionDecidesWhetherALineIsWritten) {
  log_to(path("access.log")).condition = {{{config::Variable::args, "", 0}}, "$args"};
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  request.args = "0";
  writer.write(request);
  EXPECT_EQ(text("access.log"), "");
  request.args = "1";
  writer.write(request);
  writer.flush();
  EXPECT_EQ(text("access.log"), "GET / HTTP/1.1\n");
}

TEST_F(LogsTest, GzipWritesWholeMembers) {
  auto& log = log_to(path("access.log"));
  log.buffer_bytes = 1000;
  log.gzip_level = 1;
  open();
  AccessLogWriter writer(*loop, config, *files, problems);
  writer.write(request);
  writer.flush();
  const std::string bytes = text("access.log");
  ASSERT_GT(bytes.size(), 18u);
  EXPECT_EQ(bytes.substr(0, 3), "\x1f\x8b\x08");
  EXPECT_EQ(bytes.substr(bytes.size() - 4), std::string("\x0f\0\0\0", 4));  // 15 bytes before
}

TEST_F(LogsTest, ErrorLinesHaveNginxsForm) {
  open();
  ErrorLog log(config, *files);
  request.head.headers.add("Host", "example.com", http::HeaderId::host);
  log.write(LogLevel::error, request, "connect() failed (111: Connection refused)",
            "connecting to upstream", "http://10.0.0.1:80/");
  const std::string line = text("error.log");
  EXPECT_TRUE(testing::internal::RE::FullMatch(
      line.substr(0, line.find(": *")),
      testing::internal::RE("[0-9]+/[0-9]+/[0-9]+ [0-9]+:[0-9]+:[0-9]+ \\[error\\] [0-9]+#[0-9]+")))
      << line;
  EXPECT_EQ(line.substr(line.find(": *")),
            ": *7 connect() failed (111: Connection refused) while connecting to upstream, "
            "client: 127.0.0.1, server: localhost, request: \"GET / HTTP/1.1\", "
            "upstream: \"http://10.0.0.1:80/\", host: \"example.com\"\n");
}

TEST_F(LogsTest, LevelsBelowTheConfiguredOneAreNotWritten) {
  open();
  ErrorLog log(config, *files);
  EXPECT_FALSE(log.enabled(LogLevel::notice));
  log.write(LogLevel::notice, "start worker processes");
  EXPECT_EQ(text("error.log"), "");
  log.write(LogLevel::warning, "careful");
  EXPECT_NE(text("error.log").find("[warn]"), std::string::npos);
}

TEST_F(LogsTest, ALocationsOwnErrorLogTakesItsLines) {
  location().error_logs = std::make_shared<const std::vector<config::ErrorLog>>(
      std::vector<config::ErrorLog>{{path("location.log"), LogLevel::info, nullptr}});
  open();
  ErrorLog log(config, *files);
  log.write(LogLevel::info, request, "client sent nothing");
  EXPECT_EQ(text("error.log"), "");
  EXPECT_NE(text("location.log").find("client sent nothing, client: 127.0.0.1"), std::string::npos);
}

TEST_F(LogsTest, AnErrorLineCanNotBeForged) {
  open();
  ErrorLog log(config, *files);
  request.head.line = "GET /\n2026/01/01 [emerg] forged";
  log.write(LogLevel::error, request, "bad");
  const std::string line = text("error.log");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

}  // namespace
}  // namespace baton::proxy
