// The word that active checks leave in a server's slot.

#include "upstream/check_state.h"

#include <gtest/gtest.h>

namespace baton::upstream {
namespace {

using Word = std::atomic<std::uint64_t>;

CheckRule rule_of(std::uint16_t generation, std::uint32_t checks, std::uint32_t mandatory = 0,
                  std::uint32_t persistent = 0) {
  return {{checks, mandatory, persistent}, generation};
}

TEST(CheckState, WithoutChecksNothingIsAsked) {
  EXPECT_EQ(check_state(~0ULL, rule_of(1, 0)), CheckState::unchecked);
  EXPECT_TRUE(passes_checks(Word(~0ULL), rule_of(1, 0)));
}

TEST(CheckState, AServerIsHealthyUntilACheckFails) {
  Word word = 0;
  const CheckRule rule = rule_of(1, 1);
  EXPECT_TRUE(passes_checks(word, rule));
  EXPECT_TRUE(note_check(word, rule, 0, false));
  EXPECT_EQ(check_state(word, rule), CheckState::unhealthy);
  EXPECT_FALSE(note_check(word, rule, 0, false));
  EXPECT_TRUE(note_check(word, rule, 0, true));
  EXPECT_TRUE(passes_checks(word, rule));
}

TEST(CheckState, OneFailingCheckOfSeveralIsEnough) {
  Word word = 0;
  const CheckRule rule = rule_of(1, 0b11);
  note_check(word, rule, 0, true);
  note_check(word, rule, 1, false);
  EXPECT_EQ(check_state(word, rule), CheckState::unhealthy);
  note_check(word, rule, 0, true);
  EXPECT_EQ(check_state(word, rule), CheckState::unhealthy);
}

TEST(CheckState, AMandatoryCheckHasToPassFirst) {
  Word word = 0;
  const CheckRule rule = rule_of(1, 0b11, 0b10);
  EXPECT_EQ(check_state(word, rule), CheckState::checking);
  note_check(word, rule, 0, true);
  EXPECT_EQ(check_state(word, rule), CheckState::checking);
  note_check(word, rule, 1, true);
  EXPECT_EQ(check_state(word, rule), CheckState::healthy);
}

TEST(CheckState, ANewGenerationChecksAgainWhatIsMandatory) {
  Word word = 0;
  note_check(word, rule_of(7, 1, 1), 0, true);
  EXPECT_EQ(check_state(word, rule_of(8, 1, 1)), CheckState::checking);
  EXPECT_EQ(check_state(word, rule_of(8, 1, 1, 1)), CheckState::healthy);
  EXPECT_EQ(check_state(word, rule_of(8, 1)), CheckState::healthy);
}

TEST(CheckState, AFailingServerStaysOutInTheNextGeneration) {
  Word word = 0;
  note_check(word, rule_of(7, 1), 0, false);
  EXPECT_EQ(check_state(word, rule_of(8, 1)), CheckState::unhealthy);
  EXPECT_EQ(check_state(word, rule_of(8, 1, 1, 1)), CheckState::unhealthy);
}

TEST(CheckState, AnOldGenerationTrustsANewerOne) {
  Word word = 0;
  note_check(word, rule_of(7, 1, 1), 0, true);
  note_check(word, rule_of(8, 1, 1), 0, true);
  EXPECT_EQ(check_state(word, rule_of(7, 1, 1)), CheckState::healthy);
  note_check(word, rule_of(8, 1, 1), 0, false);
  EXPECT_EQ(check_state(word, rule_of(7, 1, 1)), CheckState::unhealthy);
}

TEST(CheckState, GenerationsMayCountOver) {
  Word word = 0;
  note_check(word, rule_of(65535, 1, 1), 0, true);
  EXPECT_EQ(check_state(word, rule_of(0, 1, 1)), CheckState::checking);
  note_check(word, rule_of(0, 1, 1), 0, true);
  EXPECT_EQ(check_state(word, rule_of(65535, 1, 1)), CheckState::healthy);
}

}  // namespace
}  // namespace baton::upstream
