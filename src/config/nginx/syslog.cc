// Parameters of a syslog target.

#include "config/nginx/syslog.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "config/nginx/endpoint.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t syslog_port = 514;
constexpr std::size_t tag_bytes_max = 32;

// In the order of their numbers (RFC 3164 section 4.1.1).
constexpr std::array<std::string_view, 24> facilities{
    "kern",   "user",   "mail",     "daemon", "auth",   "intern", "lpr",    "news",
    "uucp",   "clock",  "authpriv", "ftp",    "ntp",    "audit",  "alert",  "cron",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
constexpr std::array<std::string_view, 8> severities{"emerg", "alert",  "crit", "error",
                                                     "warn",  "notice", "info", "debug"};

class SyslogReader {
 public:
  SyslogReader(Reader& reader, const Directive& directive)
      : reader_(reader), directive_(directive) {}

  std::shared_ptr<const SyslogTarget> read() {
    const std::string_view text = std::string_view(directive_.word(1)).substr(7);
    for (const std::string_view parameter : split(text, ',')) {
      if (const std::string problem = read_one(parameter); !problem.empty()) return fail(problem);
    }
    if (!has_server_) return fail("no syslog server specified");
    return std::make_shared<const SyslogTarget>(std::move(target_));
  }

 private:
  std::shared_ptr<const SyslogTarget> fail(std::string problem) {
    reader_.error(directive_, 1, std::move(problem));
    return nullptr;
  }

  // What is wrong with a parameter; nothing when it is right.
  std::string read_one(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : text.substr(equals + 1);
    if (text == "nohostname") {
      target_.host_name = false;
      return "";
    }
    if (equals == std::string_view::npos) return unknown("parameter", text);
    if (name == "server") return read_server(value);
    if (name == "tag") return read_tag(value);
    if (name == "facility") {
      const auto found = std::ranges::find(facilities, value);
      if (found == facilities.end()) return unknown("facility", value);
      target_.facility = static_cast<int>(found - facilities.begin());
      return "";
    }
    if (name == "severity") {
      const auto found = std::ranges::find(severities, value);
      if (found == severities.end()) return unknown("severity", value);
      target_.severity = static_cast<LogLevel>(found - severities.begin());
      return "";
    }
    return unknown("parameter", text);
  }

  static std::string unknown(std::string_view what, std::string_view text) {
    return fmt::format("unknown syslog {} \"{}\"", what, text);
  }

  std::string read_server(std::string_view value) {
    if (has_server_) return "duplicate syslog \"server\"";
    has_server_ = true;
    const AddressText text = parse_address(value, AddressUse::upstream);
    if (!text.problem.empty())
      return fmt::format("{} in syslog server \"{}\"", text.problem, value);
    target_.unix_path = text.unix_path;
    if (!target_.unix_path.empty()) return "";
    const auto addresses = reader_.find_host(text);
    if (addresses.empty()) return fmt::format("host not found in syslog server \"{}\"", value);
    target_.endpoint = {addresses.front(), text.port.value_or(syslog_port)};
    return "";
  }

  std::string read_tag(std::string_view value) {
    if (value.size() > tag_bytes_max) return "syslog tag length exceeds 32";
    const bool plain = std::ranges::all_of(value, [](char c) {
      return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (!plain) return "syslog \"tag\" only allows alphanumeric characters and underscore";
    target_.tag = value;
    return "";
  }

  Reader& reader_;
  const Directive& directive_;
  SyslogTarget target_;
  bool has_server_ = false;
};

}  // namespace

std::shared_ptr<const SyslogTarget> parse_syslog(Reader& reader, const Directive& directive) {
  return SyslogReader(reader, directive).read();
}

}  // namespace baton::config::nginx
