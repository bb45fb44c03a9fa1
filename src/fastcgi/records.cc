// Writing and reading records.

#include "fastcgi/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace baton::fastcgi {

namespace {

constexpr unsigned version = 1;

// Below 128 in one byte, otherwise in four with the highest bit set (section 3.4).
void append_length(std::string& to, std::size_t length) {
  if (length < 128) {
    to += static_cast<char>(length);
    return;
  }
  to += static_cast<char>(0x80 | ((length >> 24) & 0x7f));
  to += static_cast<char>((length >> 16) & 0xff);
  to += static_cast<char>((length >> 8) & 0xff);
  to += static_cast<char>(length & 0xff);
}

}  // namespace

Header make_header(Type type, std::size_t size) {
  return {static_cast<char>(version),
          static_cast<char>(type),
          0,
          1,
          static_cast<char>((size >> 8) & 0xff),
          static_cast<char>(size & 0xff),
          0,
          0};
}

void append_begin(std::string& to, bool keep) {
  const Header header = make_header(Type::begin_request, 8);
  to.append(header.data(), header.size());
  constexpr char responder = 1;
  const char body[8] = {0, responder, static_cast<char>(keep ? 1 : 0), 0, 0, 0, 0, 0};
  to.append(body, sizeof body);
}

void append_pair(std::string& to, std::string_view name, std::string_view value) {
  append_length(to, name.size());
  append_length(to, value.size());
  to.append(name).append(value);
}

void append_stream(std::string& to, Type type, std::string_view content, bool end) {
  while (!content.empty()) {
    const std::string_view part = content.substr(0, content_bytes_max);
    const Header header = make_header(type, part.size());
    to.append(header.data(), header.size()).append(part);
    content.remove_prefix(part.size());
  }
  if (!end) return;
  const Header header = make_header(type, 0);
  to.append(header.data(), header.size());
}

// A record's header is complete. False: it is none that a responder sends.
bool ResponseDecoder::take_header() {
  header_size_ = 0;
  if (header_[0] != version) {
    problem_ = fmt::format("upstream sent unsupported FastCGI protocol version: {}", header_[0]);
    return false;
  }
  type_ = static_cast<Type>(header_[1]);
  if (type_ != Type::stdout_bytes && type_ != Type::stderr_bytes && type_ != Type::end_request) {
    problem_ = fmt::format("upstream sent invalid FastCGI record type: {}", header_[1]);
    return false;
  }
  if (header_[2] != 0 || header_[3] != 1) {
    const bool high = header_[2] != 0;
    problem_ = fmt::format("upstream sent unexpected FastCGI request id {} byte: {}",
                           high ? "high" : "low", header_[high ? 2 : 3]);
    return false;
  }
  content_left_ = static_cast<std::size_t>(header_[4]) << 8 | header_[5];
  padding_left_ = header_[6];
  in_record_ = true;
  return true;
}

void ResponseDecoder::take_errors(std::string_view bytes) {
  errors_.append(bytes);
  if (errors_.size() > errors_bytes_max) errors_.erase(0, errors_.size() - errors_bytes_max);
}

std::optional<std::size_t> ResponseDecoder::decode(std::span<char> raw) {
  std::size_t output = 0;
  std::size_t at = 0;
  while (at < raw.size()) {
    if (ended_) {
      surplus_ = true;
      break;
    }
    if (!in_record_) {
      const std::size_t size = std::min(header_bytes - header_size_, raw.size() - at);
      std::memcpy(header_.data() + header_size_, raw.data() + at, size);
      header_size_ += size;
      at += size;
      if (header_size_ < header_bytes) break;
      if (!take_header()) return std::nullopt;
    }
    const std::size_t content = std::min(content_left_, raw.size() - at);
    if (type_ == Type::stdout_bytes && content > 0) {
      std::memmove(raw.data() + output, raw.data() + at, content);
      output += content;
    } else if (type_ == Type::stderr_bytes) {
      take_errors({raw.data() + at, content});
    }
    at += content;
    content_left_ -= content;
    const std::size_t padding = content_left_ > 0 ? 0 : std::min(padding_left_, raw.size() - at);
    at += padding;
    padding_left_ -= padding;
    if (content_left_ > 0 || padding_left_ > 0) break;
    in_record_ = false;
    ended_ = type_ == Type::end_request;
  }
  return output;
}

}  // namespace baton::fastcgi
