// Sources replay what was read, and diagnostics show the place.

#include "config/source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace baton::config {
namespace {

struct TemporaryFile {
  explicit TemporaryFile(std::string_view text) {
    path = testing::TempDir() + "baton-source-" + std::to_string(::getpid()) + ".conf";
    std::ofstream(path) << text;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
  std::string path;
};

TEST(SourceTree, ReplaysWhatItReadWithoutTheDisk) {
  std::string packed;
  std::string path;
  {
    const TemporaryFile file("user nobody;\n");
    path = file.path;
    SourceTree live = SourceTree::from_disk();
    ASSERT_TRUE(live.read(path));
    EXPECT_EQ(live.glob(path + "*"), std::vector<std::string>{path});
    packed = live.pack();
  }
  auto replayed = SourceTree::unpack(packed);
  ASSERT_TRUE(replayed);
  EXPECT_EQ(*replayed->read(path), "user nobody;\n");
  EXPECT_EQ(replayed->glob(path + "*").size(), 1u);
  EXPECT_FALSE(replayed->read("/etc/passwd"));
}

TEST(SourceTree, RefusesEveryTruncationOfAPackedTree) {
  const TemporaryFile file("a b;\n");
  SourceTree live = SourceTree::from_disk();
  ASSERT_TRUE(live.read(file.path));
  const std::string packed = live.pack();
  for (std::size_t size = 17; size < packed.size(); ++size) {
    EXPECT_FALSE(SourceTree::unpack(std::string_view(packed).substr(0, size))) << size;
  }
}

TEST(Render, PutsTheCaretBelowTheWord) {
  const TemporaryFile file("a;\n\tpriorty 100;\n");
  SourceTree sources = SourceTree::from_disk();
  ASSERT_TRUE(sources.read(file.path));
  const Diagnostic diagnostic{Severity::error,
                              {std::make_shared<const std::string>(file.path), 2, 2, 7},
                              "unknown directive \"priorty\"",
                              "did you mean \"priority\"?",
                              false};
  EXPECT_EQ(render(diagnostic, sources), file.path +
                                             ":2:2: error: unknown directive \"priorty\"\n"
                                             "    \tpriorty 100;\n"
                                             "    \t^~~~~~~\n"
                                             "    did you mean \"priority\"?\n");
}

TEST(Render, DoesNotShowPasswords) {
  const TemporaryFile file("auth_pass supersecret\n");
  SourceTree sources = SourceTree::from_disk();
  ASSERT_TRUE(sources.read(file.path));
  const Diagnostic diagnostic{Severity::warning,
                              {std::make_shared<const std::string>(file.path), 1, 11, 11},
                              "too long",
                              "",
                              false};
  EXPECT_EQ(render(diagnostic, sources), file.path +
                                             ":1:11: warning: too long\n"
                                             "    auth_pass ***********\n"
                                             "              ^~~~~~~~~~~\n");
}

}  // namespace
}  // namespace baton::config
