// Conditions, parameters and repetitions: the examples of keepalived.conf(5), in our own words.

#include "config/keepalived/lines.h"

#include "base/text.h"
#include "config/keepalived/load_fixture.h"
#include "config/keepalived/substitution.h"

namespace baton::config::keepalived {
namespace {

class LinesTest : public LoadTest {
 protected:
  std::vector<std::string> lines_of(std::string_view text, const std::string& id = "main") {
    const LineOptions options{write("lines.conf", text), id};
    std::vector<std::string> result;
    for (const auto& line : read_lines(sources_, options, problems_)) {
      result.emplace_back(trimmed(line.text));
    }
    return result;
  }
};

using Lines = std::vector<std::string>;

TEST_F(LinesTest, ALineForAnotherNodeIsLeftOut) {
  constexpr std::string_view text =
      "@main priority 240\n@backup priority 200\n@^main state BACKUP\n";
  EXPECT_EQ(lines_of(text, "main"), (Lines{"priority 240"}));
  EXPECT_EQ(lines_of(text, "backup"), (Lines{"priority 200", "state BACKUP"}));
}

TEST_F(LinesTest, ANegatedConditionKeepsTheLineOnAllOthers) {
  EXPECT_EQ(lines_of("@^main state BACKUP\n@^other state MASTER\n", "main"),
            (Lines{"state MASTER"}));
}

TEST_F(LinesTest, AConditionKeepsTheColumnsOfTheFile) {
  const LineOptions options{write("lines.conf", "@main   priority 240\n"), "main"};
  const auto lines = read_lines(sources_, options, problems_);
  EXPECT_EQ(lines.at(0).text.find("priority"), 8u);
  EXPECT_TRUE(lines.at(0).verbatim);
}

TEST_F(LinesTest, ParametersAreReplacedWhereTheyAreUsed) {
  EXPECT_EQ(lines_of("$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.100/32\n$SUB=10\n${BASE}.100/32\n"),
            (Lines{"10.2.0.100/32", "10.2.10.100/32"}));
}

TEST_F(LinesTest, AnUndefinedParameterStaysAsItIs) {
  EXPECT_EQ(lines_of("auth_pass $FOO\nscript ${BAR}\n"),
            (Lines{"auth_pass $FOO", "script ${BAR}"}));
}

TEST_F(LinesTest, AParameterMayHoldACondition) {
  EXPECT_EQ(lines_of("$IF_MAIN=@main\n$IF_MAIN priority 240\n"), (Lines{"priority 240"}));
}

TEST_F(LinesTest, ADefinitionOfSeveralLinesIsSeveralLines) {
  EXPECT_EQ(
      lines_of("$VI= \\\nvrrp_instance V${N} { \\\n  priority ${N} \\\n}\n$N=1\n$VI\n$N=2\n"
               "$VI\n"),
      (Lines{"vrrp_instance V1 {", "priority 1", "}", "vrrp_instance V2 {", "priority 2", "}"}));
}

TEST_F(LinesTest, ALineOfADefinitionMayDefineWhatTheNextOneUses) {
  EXPECT_EQ(
      lines_of("$RS= \\\nreal_server 10.${VS}.${RS_NUM} { \\\n}\n$VS_BLOCK= \\\n"
               "virtual_server ${VS} { \\\n$RS_NUM=1 \\\n$RS \\\n$RS_NUM=2 \\\n$RS \\\n}\n"
               "$VS=7\n$VS_BLOCK\n"),
      (Lines{"virtual_server 7 {", "real_server 10.7.1 {", "}", "real_server 10.7.2 {", "}", "}"}));
}

TEST_F(LinesTest, RepetitionsThatAddUpToTooMuchAreAnErrorNotAHang) {
  lines_of("~SEQ(A,1,60000) ~SEQ(B,1,60000) $X=1\n");
  EXPECT_TRUE(refuses("does not end"));
}

TEST_F(LinesTest, PredefinedParametersAreThere) {
  EXPECT_EQ(lines_of("a ${_INSTANCE} ${_HASH} ${_BANG} ${_PWD}\n"),
            (Lines{"a main # ! " + folder_}));
}

TEST_F(LinesTest, RandomNumbersAreTheSameInEveryProcess) {
  const auto first = lines_of("a ${_RANDOM 5 9} ${_RANDOM}\n");
  problems_ = Diagnostics();
  SourceTree again = SourceTree::from_disk();
  const auto second = read_lines(again, {folder_ + "/lines.conf", "main"}, problems_);
  EXPECT_EQ(first.at(0), second.at(0).text);
  const std::string number = first.at(0).substr(2, 1);
  EXPECT_GE(number, "5");
  EXPECT_LE(number, "9");
}

TEST_F(LinesTest, SequencesRepeatALine) {
  EXPECT_EQ(lines_of("~SEQ(X, 0, 3) 10.0.${X}.1\n"),
            (Lines{"10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1"}));
}

TEST_F(LinesTest, HexadecimalSequencesAndNestedOnes) {
  EXPECT_EQ(lines_of("~SEQx(A, 0x90, 0x10, 0xa0) ~SEQ(B, 2, -1, 1) fe80::${A}:${B}\n"),
            (Lines{"fe80::90:2", "fe80::90:1", "fe80::a0:2", "fe80::a0:1"}));
}

TEST_F(LinesTest, ListsRepeatALineWithTuples) {
  EXPECT_EQ(lines_of("~LST({IP, PORT}, {10,1},{20,4}) 192.168.${IP}.${PORT}\n~LST(Z, a, b) x$Z\n"),
            (Lines{"192.168.10.1", "192.168.20.4", "xa", "xb"}));
}

TEST_F(LinesTest, AParameterThatContainsItselfIsAnErrorNotAHang) {
  lines_of("$A=x${A}\ny ${A}\n");
  EXPECT_TRUE(refuses("does not end"));
}

TEST_F(LinesTest, ARepetitionThatMakesNoSenseIsReported) {
  EXPECT_EQ(lines_of("~SEQ(X, 1, 0, 5) a\n~LST(X) b\n~SEQ(X, 1 c\n"), Lines{});
  EXPECT_EQ(problems_.count(Severity::error), 3u);
}

TEST_F(LinesTest, BracesOfAnIncludeAreAlternatives) {
  write("a.conf", "one\n");
  write("b.conf", "two\n");
  EXPECT_EQ(lines_of("include {a,{b,c}}.conf\n"), (Lines{"one", "two"}));
}

// As keepalived 2.2.7 was seen to judge each of these.
TEST_F(LinesTest, EachVariantOfIncludeIsStrictAboutItsOwnKindOfName) {
  std::filesystem::create_directory(folder_ + "/folder");
  write("a.conf", "one\n");
  struct Case {
    const char* word;
    bool plain, wildcard, braces, folder;  // refused
  };
  for (const Case& one :
       {Case{"include", false, false, false, false}, Case{"includer", false, false, false, true},
        Case{"includem", true, false, false, true}, Case{"includew", true, true, false, true},
        Case{"includeb", false, false, true, true}, Case{"includea", true, true, true, true}}) {
    const auto is_refused = [&](const std::string& name) {
      sources_ = SourceTree::from_disk();
      problems_ = Diagnostics();
      lines_of(std::string(one.word) + " " + name + "\n");
      return problems_.failed();
    };
    EXPECT_EQ(is_refused("none.conf"), one.plain) << one.word;
    EXPECT_EQ(is_refused("none*.conf"), one.wildcard) << one.word;
    EXPECT_EQ(is_refused("{a,none}.conf"), one.braces) << one.word;
    EXPECT_EQ(is_refused("folder"), one.folder) << one.word;
    EXPECT_FALSE(is_refused("a.conf")) << one.word;
  }
}

TEST_F(LinesTest, IncludeCheckAddsAndRemovesSingleChecks) {
  const auto is_refused = [this](const std::string& checks, const std::string& name) {
    sources_ = SourceTree::from_disk();
    problems_ = Diagnostics();
    lines_of("include_check " + checks + "\ninclude " + name + "\n");
    return problems_.failed();
  };
  EXPECT_TRUE(is_refused("", "none*.conf"));
  EXPECT_TRUE(is_refused("match", "none.conf"));
  EXPECT_FALSE(is_refused("match", "none*.conf"));
  EXPECT_TRUE(is_refused("+match -wildcard_match", "none.conf"));
  EXPECT_FALSE(is_refused("-match", "none.conf"));
  EXPECT_FALSE(is_refused("bad", "none.conf"));
  EXPECT_TRUE(tolerates("Unknown include_check type 'bad'"));
}

}  // namespace
}  // namespace baton::config::keepalived
