// SipHash, eight bytes at a time.

#include "base/keyed_hash.h"

#include <sys/random.h>

#include <bit>
#include <cstring>

#include "base/assert.h"

namespace baton {

namespace {

class Sip {
 public:
  explicit Sip(const HashSecret& secret)
      : a_(secret[0] ^ 0x736f6d6570736575ULL),
        b_(secret[1] ^ 0x646f72616e646f6dULL ^ 0xee),
        c_(secret[0] ^ 0x6c7967656e657261ULL),
        d_(secret[1] ^ 0x7465646279746573ULL) {}

  void add(std::uint64_t word) {
    d_ ^= word;
    rounds(2);
    a_ ^= word;
  }
  KeyHash finish() {
    KeyHash hash;
    c_ ^= 0xee;
    rounds(4);
    hash.low = a_ ^ b_ ^ c_ ^ d_;
    b_ ^= 0xdd;
    rounds(4);
    hash.high = a_ ^ b_ ^ c_ ^ d_;
    return hash;
  }

 private:
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      a_ += b_;
      b_ = std::rotl(b_, 13) ^ a_;
      a_ = std::rotl(a_, 32);
      c_ += d_;
      d_ = std::rotl(d_, 16) ^ c_;
      a_ += d_;
      d_ = std::rotl(d_, 21) ^ a_;
      c_ += b_;
      b_ = std::rotl(b_, 17) ^ c_;
      c_ = std::rotl(c_, 32);
    }
  }
  std::uint64_t a_, b_, c_, d_;
};

}  // namespace

KeyHash keyed_hash(const HashSecret& secret, std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  Sip sip(secret);
  const std::uint64_t size = text.size();
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    sip.add(word);
    text.remove_prefix(sizeof word);
  }
  std::uint64_t last = size << 56;
  for (std::size_t i = 0; i < text.size(); ++i) {
    last |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
  }
  sip.add(last);
  return sip.finish();
}

HashSecret make_hash_secret() {
  HashSecret secret{};
  BATON_ASSERT(::getrandom(secret.data(), sizeof secret, 0) == sizeof secret);
  return secret;
}

}  // namespace baton
