// For tests: DNS messages written by hand, and a name server on loopback that answers as a test
// says.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "net/address.h"
#include "net/bytes.h"
#include "runtime/fd.h"

namespace baton::upstream {

// A response: header, the question, records. Names are written out in full.
class DnsMessage {
 public:
  DnsMessage(std::uint16_t id, const std::string& name, std::uint16_t type, int code = 0) {
    bytes_.u16(id);
    bytes_.u16(static_cast<std::uint16_t>(0x8180 | code));
    bytes_.u16(1);
    for (int i = 0; i < 3; ++i) bytes_.u16(0);
    append_name(name);
    bytes_.u16(type);
    bytes_.u16(1);
  }
  DnsMessage& a(const std::string& owner, std::uint32_t ttl, const std::string& address) {
    const auto parsed = *net::IpAddress::parse(address);
    record(owner, parsed.is_ipv4() ? 1 : 28, ttl, [&] { bytes_.append(parsed.bytes()); });
    return *this;
  }
  DnsMessage& alias(const std::string& owner, std::uint32_t ttl, const std::string& target) {
    record(owner, 5, ttl, [&] { append_name(target); });
    return *this;
  }
  DnsMessage& service(const std::string& owner, std::uint32_t ttl, std::uint16_t priority,
                      std::uint16_t weight, std::uint16_t port, const std::string& target) {
    record(owner, 33, ttl, [&] {
      bytes_.u16(priority);
      bytes_.u16(weight);
      bytes_.u16(port);
      append_name(target);
    });
    return *this;
  }
  // Into the authority section: after all answers.
  DnsMessage& authority(const std::string& owner, std::uint32_t ttl, std::uint32_t minimum) {
    --answers_;
    ++authorities_;
    record(owner, 6, ttl, [&] {
      append_name("ns");
      append_name("root");
      for (int i = 0; i < 4; ++i) bytes_.u32(1);
      bytes_.u32(minimum);
    });
    return *this;
  }
  [[nodiscard]] std::vector<std::uint8_t> bytes() const {
    return {bytes_.bytes().begin(), bytes_.bytes().end()};
  }

 private:
  void append_name(const std::string& name) {
    for (const std::string_view label : split(name, '.')) {
      if (label.empty()) continue;
      bytes_.u8(static_cast<std::uint8_t>(label.size()));
      for (const char c : label) bytes_.u8(static_cast<std::uint8_t>(c));
    }
    bytes_.u8(0);
  }
  template <typename Contents>
  void record(const std::string& owner, std::uint16_t type, std::uint32_t ttl, Contents contents) {
    ++answers_;
    bytes_.set_u16(6, answers_);
    bytes_.set_u16(8, authorities_);
    append_name(owner);
    bytes_.u16(type);
    bytes_.u16(1);
    bytes_.u32(ttl);
    const std::size_t size_at = bytes_.size();
    bytes_.u16(0);
    contents();
    bytes_.set_u16(size_at, static_cast<std::uint16_t>(bytes_.size() - size_at - 2));
  }

  net::ByteWriter bytes_;
  std::uint16_t answers_ = 0;
  std::uint16_t authorities_ = 0;
};

// Answers on a thread of its own, by UDP.
class NameServerFixture {
 public:
  struct Question {
    std::uint16_t id;
    std::string name;
    std::uint16_t type;
  };
  // Nothing: stays silent. Several: sends all of them.
  using Answer = std::function<std::vector<std::vector<std::uint8_t>>(const Question&)>;

  explicit NameServerFixture(Answer answer)
      : answer_(std::move(answer)),
        socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        thread_() {
    sockaddr_storage address{};
    const net::Endpoint any{net::IpAddress::ipv4(127, 0, 0, 1), 0};
    ::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), any.to_sockaddr(address));
    socklen_t size = sizeof address;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    endpoint_ = *net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address));
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServerFixture() {
    ending_ = true;
    sockaddr_storage address{};
    const socklen_t size = endpoint_.to_sockaddr(address);
    ::sendto(socket_.get(), "", 0, 0, reinterpret_cast<sockaddr*>(&address), size);
    thread_.join();
  }
  [[nodiscard]] net::Endpoint endpoint() const { return endpoint_; }
  [[nodiscard]] int asked() const { return asked_; }

 private:
  void serve() {
    while (true) {
      std::uint8_t buffer[1500];
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(socket_.get(), buffer, sizeof buffer, 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (ending_) return;
      if (got < 12) continue;
      Question question;
      net::ByteReader reader({buffer, static_cast<std::size_t>(got)});
      question.id = reader.u16();
      reader.take(10);
      while (const std::uint8_t label = reader.u8()) {
        for (const std::uint8_t byte : reader.take(label)) {
          question.name.push_back(static_cast<char>(byte));
        }
        question.name.push_back('.');
      }
      if (!question.name.empty()) question.name.pop_back();
      question.type = reader.u16();
      ++asked_;
      for (const auto& bytes : answer_(question)) {
        ::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from),
                 size);
      }
    }
  }

  Answer answer_;
  runtime::Fd socket_;
  net::Endpoint endpoint_;
  std::atomic<int> asked_ = 0;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace baton::upstream
