// The chunked decoder's steps.

#include "http/chunked.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "http/scan.h"

namespace baton::http {

bool ChunkedDecoder::size_digit(char c) {
  const int value = hex_value(c);
  if (value < 0 || left_ > (UINT64_MAX >> 5)) return false;
  // Leading zeros are bounded too.
  if (++size_digits_ > 32) return false;
  left_ = left_ * 16 + static_cast<unsigned>(value);
  step_ = Step::size_more;
  return true;
}

bool ChunkedDecoder::frame_byte(char c) {
  switch (step_) {
    case Step::size:
      return size_digit(c);
    case Step::size_more:
      if (c == '\r') {
        step_ = Step::size_line_end;
        return true;
      }
      if (c != ';') return size_digit(c);
      step_ = Step::extension;
      return ++extension_bytes_ <= extension_bytes_max;
    case Step::extension:
      if (c == '\r') {
        step_ = Step::size_line_end;
        return true;
      }
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
      return ++extension_bytes_ <= extension_bytes_max;
    case Step::size_line_end:
      step_ = left_ == 0 ? Step::trailer_start : Step::payload;
      size_digits_ = 0;
      return c == '\n';
    case Step::payload_cr:
      step_ = Step::payload_lf;
      return c == '\r';
    case Step::payload_lf:
      step_ = Step::size;
      return c == '\n';
    case Step::trailer_start:
      if (c == '\r') {
        step_ = Step::last_line_end;
        return true;
      }
      step_ = Step::trailer_line;
      line_has_colon_ = false;
      if (trailers_) trailers_->push_back(c);
      return ++trailer_bytes_ <= trailer_bytes_max && name_class(c) != NameClass::bad && c != ':';
    case Step::trailer_line:
      if (c == '\r') {
        step_ = Step::trailer_line_end;
        if (trailers_) trailers_->push_back('\n');
        return line_has_colon_;
      }
      if (trailers_) trailers_->push_back(c);
      if (c == ':') line_has_colon_ = true;
      if (!line_has_colon_ && name_class(c) == NameClass::bad) return false;
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
      return ++trailer_bytes_ <= trailer_bytes_max;
    case Step::trailer_line_end:
      step_ = Step::trailer_start;
      return c == '\n';
    case Step::last_line_end:
      step_ = Step::finished;
      return c == '\n';
    case Step::payload:
    case Step::finished:
    case Step::broken:
      break;
  }
  return false;
}

ChunkedDecoder::Output ChunkedDecoder::decode(std::span<char> input) {
  char* const begin = input.data();
  char* const end = begin + input.size();
  char* at = begin;
  char* body = nullptr;      // start of the body bytes found
  char* body_end = nullptr;  // where the next ones go
  while (at != end && step_ != Step::finished) {
    if (step_ != Step::payload) {
      if (!frame_byte(*at)) {
        step_ = Step::broken;
        break;
      }
      ++at;
      continue;
    }
    const auto take = static_cast<std::size_t>(
        std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(end - at)));
    if (!body) {
      body = body_end = at;
    } else {
      std::memmove(body_end, at, take);
    }
    body_end += take;
    at += take;
    left_ -= take;
    if (left_ == 0) step_ = Step::payload_cr;
  }
  Output output;
  output.state = step_ == Step::broken     ? State::bad
                 : step_ == Step::finished ? State::done
                                           : State::more;
  if (body) output.body = {body, static_cast<std::size_t>(body_end - body)};
  output.consumed = static_cast<std::size_t>(at - begin);
  return output;
}

std::size_t write_chunk_line(std::uint64_t size, std::span<char, chunk_line_max> into) {
  char digits[16];
  std::size_t count = 0;
  do {
    digits[count++] = "0123456789abcdef"[size & 15];
    size >>= 4;
  } while (size != 0);
  std::reverse_copy(digits, digits + count, into.data());
  into[count] = '\r';
  into[count + 1] = '\n';
  return count + 2;
}

}  // namespace baton::http
