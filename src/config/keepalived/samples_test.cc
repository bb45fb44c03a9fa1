// Configurations in the shapes that public ones have: all of them load.

#include <algorithm>
#include <map>

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class SamplesTest : public LoadTest {
 protected:
  // Loads from replayed sources, so that it does not matter which programs this machine has.
  std::shared_ptr<const Failover> load_sample(const std::filesystem::path& path) {
    SourceTree disk = SourceTree::from_disk();
    Diagnostics unused;
    load(disk, {path, "node1"}, unused);  // for what it includes
    auto replayed = SourceTree::unpack(disk.pack());
    problems_ = Diagnostics();
    return load(*replayed, {path, "node1"}, problems_);
  }
  std::string messages() const {
    std::string text;
    for (const auto& problem : problems_.all()) text += problem.message + "\n";
    return text;
  }
  [[nodiscard]] std::vector<std::filesystem::path> samples() const {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".conf") paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
  }

  const std::filesystem::path folder =
      std::filesystem::path(BATON_SOURCE_DIR) / "tests/conformance/keepalived-samples";
};

// What baton does not have yet is refused by name, and by nothing else.
TEST_F(SamplesTest, EverySampleLoadsOrIsRefusedByName) {
  std::size_t loaded = 0;
  for (const auto& path : samples()) {
    const auto model = load_sample(path);
    if (!model) {
      for (const auto& problem : problems_.all()) {
        if (problem.severity != Severity::error || problem.tolerated) continue;
        EXPECT_THAT(problem.message, testing::HasSubstr("not supported by baton yet")) << path;
      }
      continue;
    }
    ++loaded;
    EXPECT_FALSE(model->instances.empty()) << path;
    for (const auto& instance : model->instances) {
      EXPECT_TRUE(!instance.addresses.empty() || !instance.unicast_peers.empty()) << path;
    }
  }
  EXPECT_GE(loaded, 65u);
}

TEST_F(SamplesTest, OnlyThoseWithMistakesHaveErrors) {
  const std::map<std::string, std::size_t> mistakes = {
      {"15-garp-word-in-global-defs", 1},
      {"16-unknown-block", 1},
      {"17-virtual-server-without-brace", 1},
  };
  for (const auto& path : samples()) {
    if (!load_sample(path)) continue;
    const auto found = mistakes.find(path.stem());
    EXPECT_EQ(problems_.count(Severity::error), found == mistakes.end() ? 0u : found->second)
        << path << "\n"
        << messages();
  }
}

TEST_F(SamplesTest, EveryTrackedScriptIsFound) {
  for (const char* name :
       {"04-killall-script", "05-script-negative-weight", "06-script-defined-later",
        "07-brace-on-its-own-line", "08-one-line-blocks", "25-ps-script-with-quotes"}) {
    const auto model = load_sample(folder / (std::string(name) + ".conf"));
    ASSERT_TRUE(model) << name;
    EXPECT_EQ(model->instances[0].tracked_scripts.size(), 1u) << name;
  }
}

TEST_F(SamplesTest, AShellCommandInQuotesStaysOneWord) {
  const auto model = load_sample(folder / "25-ps-script-with-quotes.conf");
  ASSERT_TRUE(model);
  EXPECT_EQ(
      model->scripts[0].command.arguments,
      (std::vector<std::string>{"/bin/sh", "-c", "test $(ps -C nginx --no-header | wc -l) -gt 0"}));
}

TEST_F(SamplesTest, ParametersMakeFourInstances) {
  const auto model = load_sample(folder / "23-parameters.conf");
  ASSERT_TRUE(model) << messages();
  ASSERT_EQ(model->instances.size(), 4u);
  EXPECT_EQ(model->instances[3].addresses[0].prefix.text(), "10.23.4.1/24");
}

}  // namespace
}  // namespace baton::config::keepalived
