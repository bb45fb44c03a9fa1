// `keepalived -t`: exit codes over the whole corpus of verdicts, and the wording.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "cli/check.h"

namespace baton::cli {
namespace {

using testing::HasSubstr;

const std::string corpus =
    std::string(BATON_SOURCE_DIR) + "/tests/conformance/keepalived-verdicts/";

struct Verdict {
  std::string name;
  int baton = 0;
  int later = 0;  // the code once baton has what it refuses by name today
};

std::vector<Verdict> verdicts() {
  std::vector<Verdict> result;
  std::ifstream file(corpus + "verdicts.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const auto fields = split(line, '\t');
    // Whether an interface is here: compare.py asks in a host that has the others.
    if (fields.size() > 3 && fields[3] == "about this host") continue;
    Verdict verdict{std::string(fields.at(0)), std::stoi(std::string(fields.at(2)))};
    const bool is_late = fields.size() > 3 && fields[3] == "not in baton yet";
    verdict.later = is_late ? std::stoi(std::string(fields[1])) : verdict.baton;
    result.push_back(std::move(verdict));
  }
  return result;
}

struct Tested {
  int code = 0;
  std::string text;
};

Tested test(const std::string& path) {
  std::ostringstream errors;
  KeepalivedTestOptions options;
  options.path = path;
  const int code = keepalived_test(options, errors);
  return {code, errors.str()};
}

TEST(KeepalivedTest, EveryVerdictOfTheCorpusIsKept) {
  if (::geteuid() != 0) GTEST_SKIP() << "some verdicts are about scripts of root";
  const auto all = verdicts();
  EXPECT_GE(all.size(), 100u);
  for (const Verdict& verdict : all) {
    const Tested tested = test(corpus + verdict.name + ".conf");
    EXPECT_THAT(tested.code, testing::AnyOf(verdict.baton, verdict.later)) << verdict.name << ":\n"
                                                                           << tested.text;
  }
}

TEST(KeepalivedTest, EveryConfigurationOfTheCorpusHasAVerdict) {
  std::ptrdiff_t configurations = 0;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    configurations += entry.path().extension() == ".conf" ? 1 : 0;
  }
  // The samples beside the corpus are judged, too.
  const auto all = verdicts();
  const auto judged = std::ranges::count_if(
      all, [](const Verdict& verdict) { return !verdict.name.starts_with("../"); });
  EXPECT_EQ(configurations, judged + 1);  // one is about the host
}

TEST(KeepalivedTest, AProblemIsToldInKeepalivedsWords) {
  const Tested tested = test(corpus + "semicolon.conf");
  EXPECT_THAT(tested.text, testing::StartsWith("(Line 6) invalid number '150;'"));
}

TEST(KeepalivedTest, NothingIsSaidAboutAFileThatIsInOrder) {
  EXPECT_EQ(test(corpus + "tutorial-master.conf").text, "");
}

TEST(KeepalivedTest, RootScriptsWithoutScriptSecurityAreAViolation) {
  if (::geteuid() != 0) GTEST_SKIP() << "scripts run as who we are";
  EXPECT_THAT(test(corpus + "root-script.conf").text,
              HasSubstr("SECURITY VIOLATION - scripts are being executed but script_security not "
                        "enabled."));
}

TEST(KeepalivedTest, AFileThatCannotBeReadIsCode4) {
  EXPECT_EQ(test("/nonexistent/keepalived.conf").code, 4);
}

TEST(KeepalivedTest, WithIncludesEachLineNamesItsFile) {
  const std::string folder = testing::TempDir() + "baton-included-" + std::to_string(::getpid());
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/main.conf") << "include other.conf\n";
  std::ofstream(folder + "/other.conf") << "\nzork\n";
  EXPECT_THAT(test(folder + "/main.conf").text,
              HasSubstr("(" + folder + "/other.conf: Line 2) Unknown keyword 'zork'"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace baton::cli
