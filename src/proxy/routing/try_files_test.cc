// try_files in a folder of the test's own.

#include "proxy/routing/try_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace baton::proxy {
namespace {

namespace fs = std::filesystem;
using config::TextPart;
using config::Variable;
using Kind = Verdict::Kind;

class TryFilesTest : public testing::Test {
 protected:
  TryFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "baton-try-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    fs::create_directories(folder + "/docs");
    std::ofstream(folder + "/page.html") << "page";
    location.root = literal(folder);
    location.pattern = "/";
    location.try_files = {uri_and(""), uri_and(".html"), uri_and("/"), literal("/index.php?q=1")};
    request.proxy = &config;
    request.location = &location;
    request.args = "a=b";
  }
  ~TryFilesTest() override { fs::remove_all(folder); }
  static config::TemplateText literal(const std::string& text) {
    return {{TextPart{Variable::literal, text, 0}}, text};
  }
  // "$uri" with `ending` behind it.
  static config::TemplateText uri_and(const std::string& ending) {
    return {{TextPart{Variable::uri, "", 0}, TextPart{Variable::literal, ending, 0}},
            "$uri" + ending};
  }
  Verdict look_for(std::string_view uri) {
    request.uri = uri;
    return try_files(request);
  }

  std::string folder;
  config::Proxy config;
  config::Location location;
  Request request;
};

TEST_F(TryFilesTest, TheFirstThatExistsIsServed) {
  EXPECT_EQ(look_for("/page.html").kind, Kind::proceed);
  EXPECT_EQ(request.uri, "/page.html");
  EXPECT_EQ(look_for("/page").kind, Kind::proceed);
  EXPECT_EQ(request.uri, "/page.html");
}

TEST_F(TryFilesTest, ASlashAsksForAFolder) {
  EXPECT_EQ(look_for("/docs").kind, Kind::proceed);
  // Without the slash: the folder then answers with a redirect to itself.
  EXPECT_EQ(request.uri, "/docs");
}

TEST_F(TryFilesTest, WithoutAnyTheLastIsAnInnerRedirect) {
  const Verdict verdict = look_for("/none");
  EXPECT_EQ(verdict.kind, Kind::redirect);
  EXPECT_EQ(verdict.uri, "/index.php");
  EXPECT_EQ(verdict.args, "q=1");
}

TEST_F(TryFilesTest, TheLastMayBeACodeOrANamedLocation) {
  location.try_files.back() = literal("=404");
  EXPECT_EQ(look_for("/none").status, 404);
  location.try_files.back() = literal("@backend");
  EXPECT_EQ(look_for("/none").uri, "@backend");
}

TEST_F(TryFilesTest, AnAliasTakesThePlaceOfThePrefix) {
  location.pattern = "/site/";
  location.alias = literal(folder + "/");
  location.alias_prefix_bytes = 6;
  EXPECT_EQ(look_for("/site/page").kind, Kind::proceed);
  EXPECT_EQ(request.uri, "/site/page.html");
}

TEST_F(TryFilesTest, NothingAboveTheRootIsFound) {
  location.pattern = "/site";
  location.alias = literal(folder + "/docs/");
  EXPECT_EQ(look_for("/site../page.html").kind, Kind::redirect);
}

}  // namespace
}  // namespace baton::proxy
