// Reading DNS messages.

#include "upstream/dns_answer.h"

#include <algorithm>

#include "base/text.h"
#include "net/bytes.h"

namespace baton::upstream {

namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::size_t name_bytes_max = 255;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t class_internet = 1;
constexpr int aliases_max = 16;

using Bytes = std::span<const std::uint8_t>;

// The name at `position`, which moves behind it; lower case. A pointer leads to an earlier place
// only, so that reading ends. nullopt: not a name.
std::optional<std::string> read_name(Bytes message, std::size_t& position) {
  std::string name;
  std::size_t at = position;
  std::size_t lowest = position;  // pointers have to go below it
  bool jumped = false;
  while (at < message.size()) {
    const std::uint8_t size = message[at];
    if (size == 0) {
      if (!jumped) position = at + 1;
      if (!name.empty()) name.pop_back();
      return name;
    }
    if ((size & 0xc0) == 0xc0) {
      if (at + 1 >= message.size()) return std::nullopt;
      const std::size_t target = static_cast<std::size_t>(size & 0x3f) << 8 | message[at + 1];
      if (!jumped) position = at + 2;
      if (target >= lowest) return std::nullopt;
      jumped = true;
      at = lowest = target;
      continue;
    }
    if ((size & 0xc0) != 0 || at + 1 + size > message.size()) return std::nullopt;
    if (name.size() + size + 1 > name_bytes_max) return std::nullopt;
    for (const std::uint8_t byte : message.subspan(at + 1, size)) {
      name.push_back(to_lower(static_cast<char>(byte)));
    }
    name.push_back('.');
    at += 1 + std::size_t{size};
  }
  return std::nullopt;
}

struct Record {
  std::string owner;
  std::uint16_t type = 0;
  std::uint32_t ttl_s = 0;
  std::size_t start = 0;  // of its contents in the message
  std::size_t size = 0;
};

class Message {
 public:
  explicit Message(Bytes bytes) : bytes_(bytes) {}

  // False: malformed.
  bool read() {
    if (bytes_.size() < header_bytes) return false;
    net::ByteReader header(bytes_);
    header.u16();
    const std::uint16_t flags = header.u16();
    const std::uint16_t questions = header.u16();
    const std::uint16_t answers = header.u16();
    const std::uint16_t authorities = header.u16();
    if ((flags & 0x8000) == 0 || questions != 1) return false;
    code_ = flags & 0xf;
    position_ = header_bytes;
    const auto question = read_name(bytes_, position_);
    if (!question || position_ + 4 > bytes_.size()) return false;
    question_ = *question;
    position_ += 4;
    return read_records(answers, answers_) && read_records(authorities, authorities_);
  }

  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] const std::string& question() const { return question_; }
  [[nodiscard]] const std::vector<Record>& answers() const { return answers_; }
  [[nodiscard]] Bytes contents(const Record& record) const {
    return bytes_.subspan(record.start, record.size);
  }
  // The name at `offset` in a record's contents.
  [[nodiscard]] std::optional<std::string> name_in(const Record& record, std::size_t offset) const {
    std::size_t position = record.start + offset;
    return read_name(bytes_.first(record.start + record.size), position);
  }
  // RFC 2308: the ttl of "there is no such thing".
  [[nodiscard]] std::optional<Duration> negative_time_to_live() const {
    for (const Record& record : authorities_) {
      if (record.type != type_soa || record.size < 20) continue;
      net::ByteReader reader(contents(record).last(4));
      return std::chrono::seconds(std::min(reader.u32(), record.ttl_s));
    }
    return std::nullopt;
  }

 private:
  bool read_records(std::uint16_t count, std::vector<Record>& into) {
    for (std::uint16_t i = 0; i < count; ++i) {
      Record record;
      auto owner = read_name(bytes_, position_);
      if (!owner) return false;
      net::ByteReader reader(bytes_.subspan(position_));
      record.type = reader.u16();
      const std::uint16_t record_class = reader.u16();
      record.ttl_s = reader.u32();
      record.size = reader.u16();
      record.start = position_ + reader.position();
      if (!reader.ok() || reader.left() < record.size) return false;
      position_ = record.start + record.size;
      if (record_class != class_internet || into.size() == dns_records_max) continue;
      // RFC 2181 section 8: with the highest bit set it counts as zero.
      if (record.ttl_s > INT32_MAX) record.ttl_s = 0;
      record.owner = std::move(*owner);
      into.push_back(std::move(record));
    }
    return true;
  }

  Bytes bytes_;
  std::size_t position_ = 0;
  int code_ = 0;
  std::string question_;
  std::vector<Record> answers_;
  std::vector<Record> authorities_;
};

void shorten(DnsAnswer& answer, const Record& record) {
  const Duration ttl = std::chrono::seconds(record.ttl_s);
  answer.time_to_live = std::min(answer.time_to_live.value_or(ttl), ttl);
}

// The name that the aliases of `message` lead to from the question.
std::string follow_aliases(const Message& message, DnsAnswer& answer) {
  std::string name = message.question();
  for (int i = 0; i < aliases_max; ++i) {
    const auto alias = std::ranges::find_if(message.answers(), [&](const Record& record) {
      return record.type == type_cname && record.owner == name;
    });
    if (alias == message.answers().end()) break;
    auto target = message.name_in(*alias, 0);
    if (!target || target->empty()) break;
    shorten(answer, *alias);
    name = std::move(*target);
  }
  return name;
}

void take_record(const Message& message, const Record& record, DnsType type, DnsAnswer& answer) {
  const Bytes contents = message.contents(record);
  if (type == DnsType::a && contents.size() == 4) {
    answer.addresses.push_back(net::IpAddress::ipv4(contents.first<4>()));
  } else if (type == DnsType::aaaa && contents.size() == 16) {
    answer.addresses.push_back(net::IpAddress::ipv6(contents.first<16>()));
  } else if (type == DnsType::srv && contents.size() > 6) {
    net::ByteReader reader(contents);
    ServiceRecord service;
    service.priority = reader.u16();
    service.weight = reader.u16();
    service.port = reader.u16();
    auto target = message.name_in(record, 6);
    // A target of "." says that there is no such service (RFC 2782).
    if (!target || target->empty()) return;
    service.target = std::move(*target);
    answer.services.push_back(std::move(service));
  } else {
    return;
  }
  shorten(answer, record);
}

DnsStatus status_of(int code) {
  switch (code) {
    case 0:
      return DnsStatus::found;
    case 1:
      return DnsStatus::format_error;
    case 3:
      return DnsStatus::not_found;
    case 4:
      return DnsStatus::not_implemented;
    case 5:
      return DnsStatus::refused;
    default:
      return DnsStatus::server_failure;
  }
}

}  // namespace

const char* describe(DnsStatus status) {
  switch (status) {
    case DnsStatus::found:
      return "Success";
    case DnsStatus::format_error:
      return "Format error";
    case DnsStatus::server_failure:
      return "Server failure";
    case DnsStatus::not_found:
      return "Host not found";
    case DnsStatus::not_implemented:
      return "Unimplemented";
    case DnsStatus::refused:
      return "Operation refused";
    case DnsStatus::timed_out:
      return "Operation timed out";
    case DnsStatus::cancelled:
      return "Operation canceled";
  }
  return "Unknown error";
}

DnsAnswer parse_dns_answer(Bytes bytes, DnsType type) {
  DnsAnswer answer;
  Message message(bytes);
  if (!message.read()) return answer;
  answer.status = status_of(message.code());
  if (answer.status == DnsStatus::not_found) {
    answer.time_to_live = message.negative_time_to_live();
    return answer;
  }
  if (answer.status != DnsStatus::found) return answer;
  const std::string name = follow_aliases(message, answer);
  for (const Record& record : message.answers()) {
    if (record.type == static_cast<std::uint16_t>(type) && record.owner == name) {
      take_record(message, record, type, answer);
    }
  }
  if (!answer.addresses.empty() || !answer.services.empty()) return answer;
  answer.status = DnsStatus::not_found;
  const auto negative = message.negative_time_to_live();
  // Without a statement about the alias's own name, its server has to be asked.
  if (name != message.question() && !negative) {
    answer.alias = name;
  } else {
    answer.time_to_live = negative;
  }
  return answer;
}

}  // namespace baton::upstream
