// iproute2's names for numbers (rt_tables, rt_protos, ...), and the words of one line of a route or
// rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

enum class RouteName : std::uint8_t { table, protocol, scope, realm, dsfield, group };

// The number that `word` is (decimal, or hexadecimal after 0x) or is a name of in the files of
// /etc/iproute2, if it is not above `most`.
std::optional<std::uint32_t> find_route_number(Reader& reader, RouteName kind,
                                               std::string_view word, std::uint32_t most);
// A number, decimal or hexadecimal after 0x.
std::optional<std::uint32_t> parse_any_base(std::string_view text, std::uint32_t most = UINT32_MAX);

// The words of a line, one after the other. Problems are tolerated ones: keepalived drops the line
// and goes on.
class RouteWords {
 public:
  RouteWords(Reader& reader, const Statement& statement) : reader_(reader), statement_(statement) {}

  [[nodiscard]] bool at_end() const { return next_ >= statement_.words.size(); }
  // The next word; moves on. Only when not at_end().
  const std::string& take();
  // The word that take() would give; empty at the end.
  [[nodiscard]] const std::string& peek() const { return statement_.word(next_); }
  // The value behind the word taken last; null, and an error, when the line ends.
  const std::string* value();
  // The value as a number of at most `most`; `what` is for the message.
  std::optional<std::uint32_t> number(std::string_view what, std::uint32_t least,
                                      std::uint32_t most);
  // The value as a number or name.
  std::optional<std::uint32_t> named(RouteName kind, std::string_view what, std::uint32_t most);
  // The value as realms, "FROM/TO" or "TO".
  std::optional<std::uint32_t> realms(std::string_view of);
  // The value as a device.
  std::optional<std::string> device();
  // Always false, for `return complain(...)`.
  bool complain(const std::string& message, std::string_view suggestion = "");
  void warn(const std::string& message);

  Reader& reader() { return reader_; }
  [[nodiscard]] const Statement& statement() const { return statement_; }

 private:
  Reader& reader_;
  const Statement& statement_;
  std::size_t next_ = 0;
};

}  // namespace baton::config::keepalived
