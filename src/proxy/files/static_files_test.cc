// Files as responses, from a folder of the test's own.

#include "proxy/files/static_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/model/headers.h"
#include "http/date.h"

namespace baton::proxy {
namespace {

namespace fs = std::filesystem;
using http::HeaderId;
using Kind = Verdict::Kind;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "baton-files-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    config.error_logs.push_back({folder + "/error.log", LogLevel::error, nullptr});
    logs = std::move(*open_logs(config));
    log = std::make_unique<ErrorLog>(config, *logs);
    write_file("www/index.html", "web01\n");
    write_file("www/digits.txt", "0123456789");
    fs::create_directories(folder + "/www/empty");
    location.root = {{{config::Variable::literal, folder + "/www", 0}}, ""};
    location.pattern = "/";
    auto types = std::make_shared<config::MimeTypes>();
    (*types)["html"] = "text/html";
    (*types)["txt"] = "text/plain";
    location.types = types;
    location.default_type = "application/octet-stream";
    request.proxy = &config;
    request.location = &location;
    request.head.method = http::Method::get;
  }
  ~StaticFilesTest() override { fs::remove_all(folder); }

  void write_file(const std::string& name, std::string_view text) {
    const fs::path path = fs::path(folder) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    // 1994-11-06 08:49:37
    const timespec times[2] = {{784111777, 0}, {784111777, 0}};
    ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  }
  Verdict serve(std::string_view uri) {
    request.response.reset();
    request.uri = uri;
    return serve_file(request, *log);
  }
  void send(HeaderId id, std::string_view value) {
    request.head.headers.add(http::header_name(id), value, id);
  }
  std::string header(std::string_view name) {
    for (const auto& line : request.response.headers) {
      if (line.name == name) return std::string(line.value);
    }
    const auto& last = request.response.range_line;
    return last.name == name ? std::string(last.value) : "";
  }
  // The body as it would be sent.
  std::string body() {
    std::string all;
    for (const FilePart& part : request.response.file_parts) {
      all += part.before;
      std::string bytes(part.length, '\0');
      EXPECT_EQ(::pread(request.response.file.get(), bytes.data(), bytes.size(),
                        static_cast<off_t>(part.offset)),
                static_cast<ssize_t>(bytes.size()));
      all += bytes;
    }
    return all + std::string(request.response.after);
  }
  std::string logged() {
    std::stringstream all;
    all << std::ifstream(folder + "/error.log").rdbuf();
    return all.str();
  }

  std::string folder;
  config::Proxy config;
  config::Location location;
  std::unique_ptr<LogFiles> logs;
  std::unique_ptr<ErrorLog> log;
  Request request;
};

TEST_F(StaticFilesTest, AFileIsSentWithItsValidators) {
  EXPECT_EQ(serve("/digits.txt").kind, Kind::respond);
  EXPECT_EQ(request.response.status, 200);
  EXPECT_EQ(request.response.content_type, "text/plain");
  EXPECT_EQ(request.response.content_length, 10u);
  EXPECT_EQ(request.response.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(header("ETag"), "\"2ebc98a1-a\"");
  EXPECT_EQ(header("Accept-Ranges"), "bytes");
  EXPECT_EQ(body(), "0123456789");
}

TEST_F(StaticFilesTest, AFolderIsAnInnerRedirectToItsIndex) {
  location.index = {{{{config::Variable::literal, "index.php", 0}}, "index.php"},
                    {{{config::Variable::literal, "index.html", 0}}, "index.html"}};
  request.args = "a=1";
  const Verdict verdict = serve("/");
  EXPECT_EQ(verdict.kind, Kind::redirect);
  EXPECT_EQ(verdict.uri, "/index.html");
  EXPECT_EQ(verdict.args, "a=1");
}

TEST_F(StaticFilesTest, AFolderWithoutIndexIsForbidden) {
  EXPECT_EQ(serve("/empty/").status, 403);
  EXPECT_NE(logged().find("directory index of \"" + folder + "/www/empty/\" is forbidden"),
            std::string::npos);
}

TEST_F(StaticFilesTest, AMissingFolderIsNotFound) {
  EXPECT_EQ(serve("/none/").status, 404);
  EXPECT_NE(logged().find("\"" + folder +
                          "/www/none/index.html\" is not found (2: No such file or directory)"),
            std::string::npos);
}

TEST_F(StaticFilesTest, AFolderWithoutSlashIsRedirectedToTheOneWith) {
  fs::create_directories(folder + "/www/a b");
  request.args = "q=1";
  const Verdict verdict = serve("/a b");
  EXPECT_EQ(verdict.kind, Kind::error);
  EXPECT_EQ(verdict.status, 301);
  EXPECT_EQ(request.response.location, "/a%20b/?q=1");
}

TEST_F(StaticFilesTest, AMissingFileIs404AndLoggedAsNginxDoes) {
  EXPECT_EQ(serve("/none.html").status, 404);
  EXPECT_NE(logged().find("open() \"" + folder +
                          "/www/none.html\" failed (2: No such file or directory)"),
            std::string::npos);
}

TEST_F(StaticFilesTest, LogNotFoundOffKeepsMissingFilesOutOfTheLog) {
  location.log_not_found = false;
  EXPECT_EQ(serve("/none.html").status, 404);
  EXPECT_EQ(logged(), "");
}

TEST_F(StaticFilesTest, AFileThatMayNotBeReadIs403) {
  fs::permissions(folder + "/www/digits.txt", fs::perms::none);
  fs::permissions(folder, fs::perms::owner_all | fs::perms::others_exec);
  // Root reads everything, so that it has to be somebody else for a moment.
  const bool root = ::geteuid() == 0;
  if (root) ASSERT_EQ(::seteuid(65534), 0);
  const Verdict verdict = serve("/digits.txt");
  if (root) ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(verdict.status, 403);
  EXPECT_NE(logged().find("failed (13: Permission denied)"), std::string::npos);
}

TEST_F(StaticFilesTest, ALoopOfLinksIs403AndANamedPipeIs404) {
  fs::create_symlink("loop", folder + "/www/loop");
  EXPECT_EQ(serve("/loop").status, 403);
  ASSERT_EQ(::mkfifo((folder + "/www/pipe").c_str(), 0600), 0);
  EXPECT_EQ(serve("/pipe").status, 404);
}

TEST_F(StaticFilesTest, OtherMethodsAreNotAllowed) {
  request.head.method = http::Method::post;
  EXPECT_EQ(serve("/digits.txt").status, 405);
  EXPECT_EQ(serve("/none").status, 404);
  request.head.method = http::Method::put;
  EXPECT_EQ(serve("/digits.txt").status, 405);
}

TEST_F(StaticFilesTest, AnAliasCanNotBeLeft) {
  write_file("secret.txt", "secret");
  location.pattern = "/files";
  location.alias = {{{config::Variable::literal, folder + "/www/", 0}}, ""};
  EXPECT_EQ(serve("/files../secret.txt").status, 404);
  EXPECT_EQ(serve("/files../").status, 404);
  EXPECT_EQ(serve("/files/digits.txt").kind, Kind::respond);
}

TEST_F(StaticFilesTest, UnknownExtensionsGetTheDefaultType) {
  write_file("www/a.TXT", "x");
  write_file("www/dir.html/noext", "x");
  serve("/a.TXT");
  EXPECT_EQ(request.response.content_type, "text/plain");
  serve("/dir.html/noext");
  EXPECT_EQ(request.response.content_type, "application/octet-stream");
}

TEST_F(StaticFilesTest, CharsetIsAddedToTextOnly) {
  write_file("www/a.bin", "x");
  config::HeaderSettings headers;
  headers.charset = {{{config::Variable::literal, "utf-8", 0}}, ""};
  location.headers = std::make_shared<const config::HeaderSettings>(headers);
  serve("/index.html");
  EXPECT_EQ(request.response.content_type, "text/html; charset=utf-8");
  serve("/a.bin");
  EXPECT_EQ(request.response.content_type, "application/octet-stream");
}

TEST_F(StaticFilesTest, AnUnchangedFileIs304) {
  send(HeaderId::if_none_match, "\"2ebc98a1-a\"");
  serve("/digits.txt");
  EXPECT_EQ(request.response.status, 304);
  EXPECT_EQ(header("ETag"), "\"2ebc98a1-a\"");
  EXPECT_FALSE(request.response.content_length);
  EXPECT_TRUE(request.response.file_parts.empty());
  EXPECT_EQ(request.response.content_type, "");
}

TEST_F(StaticFilesTest, AFailedPreconditionIs412) {
  send(HeaderId::if_match, "\"other\"");
  EXPECT_EQ(serve("/digits.txt").status, 412);
}

TEST_F(StaticFilesTest, OneRangeIsAPartOfTheFile) {
  send(HeaderId::range, "bytes=2-4");
  EXPECT_EQ(serve("/digits.txt").kind, Kind::respond);
  EXPECT_EQ(request.response.status, 206);
  EXPECT_EQ(header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(request.response.content_length, 3u);
  EXPECT_EQ(request.response.content_type, "text/plain");
  EXPECT_EQ(body(), "234");
}

TEST_F(StaticFilesTest, SeveralRangesAreAMultipartBody) {
  send(HeaderId::range, "bytes=0-1,-2");
  serve("/digits.txt");
  EXPECT_EQ(request.response.status, 206);
  const std::string type(request.response.content_type);
  const std::string prefix = "multipart/byteranges; boundary=";
  ASSERT_TRUE(type.starts_with(prefix)) << type;
  const std::string boundary = type.substr(prefix.size());
  EXPECT_EQ(body(), "\r\n--" + boundary +
                        "\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                        "\r\n--" +
                        boundary +
                        "\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
                        "\r\n--" +
                        boundary + "--\r\n");
  EXPECT_EQ(request.response.content_length, body().size());
}

TEST_F(StaticFilesTest, ARangeBehindTheEndIs416WithTheSize) {
  send(HeaderId::range, "bytes=10-");
  EXPECT_EQ(serve("/digits.txt").status, 416);
  EXPECT_EQ(header("Content-Range"), "bytes */10");
  EXPECT_EQ(header("ETag"), "");
  EXPECT_EQ(request.response.last_modified, "");
}

TEST_F(StaticFilesTest, ARangeForAnotherVersionGetsTheWholeFile) {
  send(HeaderId::range, "bytes=2-4");
  send(HeaderId::if_range, "\"other\"");
  serve("/digits.txt");
  EXPECT_EQ(request.response.status, 200);
  EXPECT_EQ(request.response.content_length, 10u);
}

TEST_F(StaticFilesTest, MaxRangesZeroOffersNone) {
  location.max_ranges = 0;
  send(HeaderId::range, "bytes=2-4");
  serve("/digits.txt");
  EXPECT_EQ(request.response.status, 200);
  EXPECT_EQ(header("Accept-Ranges"), "");
}

TEST_F(StaticFilesTest, AnEmptyFileIsAnEmptyBody) {
  write_file("www/nothing.txt", "");
  serve("/nothing.txt");
  EXPECT_EQ(request.response.content_length, 0u);
  EXPECT_EQ(body(), "");
}

TEST_F(StaticFilesTest, AnErrorPageIsSentWholeWithItsStatus) {
  request.error_status = 404;
  request.head.method = http::Method::post;
  send(HeaderId::range, "bytes=2-4");
  send(HeaderId::if_none_match, "*");
  EXPECT_EQ(serve("/index.html").kind, Kind::respond);
  EXPECT_EQ(request.response.status, 404);
  EXPECT_EQ(body(), "web01\n");
}

TEST_F(StaticFilesTest, EtagOffLeavesItOut) {
  location.etag = false;
  serve("/index.html");
  EXPECT_EQ(header("ETag"), "");
}

}  // namespace
}  // namespace baton::proxy
