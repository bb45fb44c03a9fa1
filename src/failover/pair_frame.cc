// Frames and hellos.

#include "failover/pair_frame.h"

#include <fmt/format.h>

#include "base/assert.h"
#include "base/text.h"

namespace baton::failover {

namespace {

constexpr std::size_t header_size = 6;
constexpr std::size_t name_longest = 256;

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  }
  return value;
}

}  // namespace

std::string encode_frame(PairMessage type, std::string_view body) {
  BATON_ASSERT(body.size() <= pair_body_max);
  const auto size = static_cast<std::uint32_t>(body.size());
  const auto kind = static_cast<std::uint16_t>(type);
  std::string frame;
  frame.reserve(header_size + body.size());
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(size >> shift);
  for (int shift = 8; shift >= 0; shift -= 8) frame += static_cast<char>(kind >> shift);
  frame += body;
  return frame;
}

Result<std::optional<PairFrame>> PairFrameReader::next(std::size_t body_max) {
  if (buffer_.size() < header_size) return std::nullopt;
  const std::size_t size = number_at(buffer_, 0, 4);
  if (size > body_max) return fail(ErrorKind::too_large, "message of the pair link");
  if (buffer_.size() < header_size + size) return std::nullopt;
  PairFrame frame;
  frame.type = static_cast<PairMessage>(number_at(buffer_, 4, 2));
  frame.body = buffer_.substr(header_size, size);
  buffer_.erase(0, header_size + size);
  return frame;
}

std::string PairHello::encode() const {
  return fmt::format("{} {:016x} {} {}", version, run, linked ? 1 : 0,
                     name.substr(0, name_longest));
}

std::optional<PairHello> PairHello::decode(std::string_view body) {
  PairHello hello;
  const auto first = body.find(' ');
  if (first == std::string_view::npos) return std::nullopt;
  const auto version = parse_unsigned(body.substr(0, first), 65535);
  if (!version || *version == 0) return std::nullopt;
  hello.version = static_cast<unsigned>(*version);
  body.remove_prefix(first + 1);
  constexpr std::size_t run_digits = 16;
  // Run, blank, flag, blank, name.
  if (body.size() < run_digits + 3 || body.size() > run_digits + 3 + name_longest) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < run_digits; ++i) {
    const int digit = hex_value(body[i]);
    if (digit < 0) return std::nullopt;
    hello.run = hello.run << 4 | static_cast<unsigned>(digit);
  }
  body.remove_prefix(run_digits);
  if (body[0] != ' ' || (body[1] != '0' && body[1] != '1') || body[2] != ' ') return std::nullopt;
  hello.linked = body[1] == '1';
  hello.name = printable(body.substr(3));
  return hello;
}

PairVerdict judge_hello(std::uint64_t own_run, const PairHello& theirs,
                        const std::optional<PairPresent>& present) {
  if (theirs.run == own_run) return PairVerdict::is_self;
  if (own_run > theirs.run) return PairVerdict::wait;
  if (!present || present->run != theirs.run) return PairVerdict::use;
  // The same process dials although it was given a connection: it has lost that one.
  if (!theirs.linked && !present->is_young) return PairVerdict::use;
  return PairVerdict::close;
}

}  // namespace baton::failover
