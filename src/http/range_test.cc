#include "http/range.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

using Kind = RangeRequest::Kind;

TEST(Range, FormsOfASinglePart) {
  EXPECT_EQ(parse_range("bytes=0-4", 10, 9).ranges, (std::vector<ByteRange>{{0, 5}}));
  EXPECT_EQ(parse_range("bytes=7-", 10, 9).ranges, (std::vector<ByteRange>{{7, 10}}));
  EXPECT_EQ(parse_range("Bytes=-3", 10, 9).ranges, (std::vector<ByteRange>{{7, 10}}));
  EXPECT_EQ(parse_range("bytes=-30", 10, 9).ranges, (std::vector<ByteRange>{{0, 10}}));
  EXPECT_EQ(parse_range("bytes=5-99", 10, 9).ranges, (std::vector<ByteRange>{{5, 10}}));
}

TEST(Range, SeveralPartsKeepTheirOrder) {
  EXPECT_EQ(parse_range("bytes= 5-6 , 0-1,20-", 10, 9).ranges,
            (std::vector<ByteRange>{{5, 7}, {0, 2}}));
}

TEST(Range, UselessOnesGetTheWhole) {
  EXPECT_EQ(parse_range("items=0-1", 10, 9).kind, Kind::whole);
  EXPECT_EQ(parse_range("bytes=0-1,2-3", 10, 1).kind, Kind::whole);
  EXPECT_EQ(parse_range("bytes=0-9,0-9", 10, 9).kind, Kind::whole);
  EXPECT_EQ(parse_range("bytes=0-1", 10, 0).kind, Kind::whole);
  EXPECT_EQ(parse_range("bytes=", 10, 9).kind, Kind::whole);
  EXPECT_EQ(parse_range("bytes=0-", 0, 9).kind, Kind::whole);
}

TEST(Range, OutsideOrMalformedIsUnsatisfiable) {
  for (const auto* value : {"bytes=10-", "bytes=-0", "bytes=a-b", "bytes=5", "bytes=5-4", "bytes=-",
                            "bytes=0-99999999999999999999"}) {
    EXPECT_EQ(parse_range(value, 10, 9).kind, Kind::unsatisfiable) << value;
  }
}

}  // namespace
}  // namespace baton::http
