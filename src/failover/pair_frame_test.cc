#include "failover/pair_frame.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

TEST(PairFrame, FramesComeOutAsTheyWentInWhereverTheStreamIsCut) {
  const std::string stream = encode_frame(PairMessage::alive, "") +
                             encode_frame(PairMessage::status_reply, "{\"a\":1}") +
                             encode_frame(static_cast<PairMessage>(999), std::string(3000, 'x'));
  for (std::size_t step = 1; step < 50; ++step) {
    PairFrameReader reader;
    std::vector<PairFrame> frames;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view(stream).substr(at, step));
      for (;;) {
        auto frame = reader.next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        frames.push_back(std::move(**frame));
      }
    }
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_EQ(frames[0].type, PairMessage::alive);
    EXPECT_EQ(frames[1].body, "{\"a\":1}");
    EXPECT_EQ(static_cast<int>(frames[2].type), 999);
    EXPECT_EQ(frames[2].body.size(), 3000u);
  }
}

TEST(PairFrame, ATooLongBodyIsRefusedAtItsHeader) {
  PairFrameReader reader;
  reader.feed(encode_frame(PairMessage::hello, std::string(100, 'x')).substr(0, 6));
  EXPECT_FALSE(reader.next(99));
}

TEST(PairFrame, AHelloComesOutAsItWentIn) {
  PairHello hello;
  hello.run = 0x0123456789abcdefULL;
  hello.linked = true;
  hello.name = "left node";
  const auto back = PairHello::decode(hello.encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->run, hello.run);
  EXPECT_TRUE(back->linked);
  EXPECT_EQ(back->name, "left node");
}

TEST(PairFrame, ATruncatedHelloIsNone) {
  PairHello hello;
  hello.name = "n";
  const std::string body = hello.encode();
  for (std::size_t size = 0; size + 1 < body.size(); ++size) {
    EXPECT_FALSE(PairHello::decode(body.substr(0, size))) << size;
  }
}

PairHello hello_of(std::uint64_t run, bool linked = false) {
  PairHello hello;
  hello.run = run;
  hello.linked = linked;
  return hello;
}

TEST(PairChoice, ANodeDoesNotTalkToItself) {
  EXPECT_EQ(judge_hello(5, hello_of(5), std::nullopt), PairVerdict::is_self);
}

TEST(PairChoice, TheLowerRunChooses) {
  EXPECT_EQ(judge_hello(4, hello_of(5), std::nullopt), PairVerdict::use);
  EXPECT_EQ(judge_hello(6, hello_of(5), std::nullopt), PairVerdict::wait);
}

TEST(PairChoice, TheSecondOfTwoConnectionsIsClosed) {
  EXPECT_EQ(judge_hello(4, hello_of(5), PairPresent{5, true}), PairVerdict::close);
  EXPECT_EQ(judge_hello(4, hello_of(5, true), PairPresent{5, false}), PairVerdict::close);
}

TEST(PairChoice, APeerThatLostItsConnectionGetsAnother) {
  EXPECT_EQ(judge_hello(4, hello_of(5), PairPresent{5, false}), PairVerdict::use);
}

TEST(PairChoice, ARestartedPeerGetsAnother) {
  EXPECT_EQ(judge_hello(4, hello_of(7), PairPresent{5, true}), PairVerdict::use);
}

}  // namespace
}  // namespace baton::failover
