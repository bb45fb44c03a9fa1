// Reading and making identifiers: four numbers of 32 bits (service, time, start of the process,
// counter), sent as base64 of their bytes.

#include "proxy/access/user_id.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "config/model/user_id.h"
#include "http/date.h"
#include "proxy/logs/error_log.h"
#include "proxy/variables/header_variables.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

using config::UserIdSettings;
using Mode = UserIdSettings::Mode;
using Identifier = std::array<std::uint32_t, 4>;

constexpr std::size_t text_bytes = 22;  // of 16 bytes in base64, without padding
constexpr std::uint32_t first_count = 0x03030302;

const UserIdSettings* settings_of(const Request& request) {
  const UserIdSettings* settings = request.location ? request.location->user_id.get() : nullptr;
  return settings != nullptr && settings->mode != Mode::off ? settings : nullptr;
}

// The cookie that the client sent; its mark may stand behind the identifier.
std::string cookie_of(const Request& request, const UserIdSettings& settings) {
  std::string value;
  append_cookie(value, request.head.headers, lowered(settings.name));
  return value;
}

std::optional<Identifier> got(const Request& request, const UserIdSettings& settings) {
  const std::string cookie = cookie_of(request, settings);
  if (cookie.empty()) return std::nullopt;
  const auto bytes = cookie.size() < text_bytes
                         ? std::nullopt
                         : decode_base64(std::string_view(cookie).substr(0, text_bytes));
  if (!bytes || bytes->size() != sizeof(Identifier)) {
    if (request.error_log != nullptr) {
      const std::string_view how = cookie.size() < text_bytes ? "too short" : "invalid";
      request.error_log->write(LogLevel::error, request,
                               fmt::format("client sent {} userid cookie \"{}\"", how, cookie));
    }
    return std::nullopt;
  }
  Identifier identifier;
  std::memcpy(identifier.data(), bytes->data(), sizeof identifier);
  return identifier;
}

// What the configuration put into $uid_reset.
std::string_view reset_of(const Request& request) {
  const std::int32_t place = request.definitions ? request.definitions->find("uid_reset") : -1;
  return place < 0 ? "" : request.defined.find(static_cast<std::size_t>(place)).text;
}

std::uint32_t service_of(const Request& request, const UserIdSettings& settings) {
  if (settings.service) return htonl(*settings.service);
  std::uint32_t service = 0;
  const auto bytes = request.client->local.address.bytes();
  std::memcpy(&service, bytes.data() + (bytes.size() - sizeof service), sizeof service);
  return service;
}

Identifier make_identifier(const Request& request, const UserIdSettings& settings) {
  static std::atomic<std::uint32_t> counter{first_count};
  static const auto process_start =
      static_cast<std::uint32_t>(runtime::wall_now().time_since_epoch().count() << 20 | ::getpid());
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(runtime::wall_now().time_since_epoch());
  const auto time = static_cast<std::uint32_t>(seconds.count());
  if (settings.mode == Mode::v1) {
    return {settings.service.value_or(0), time, process_start, counter.fetch_add(0x100)};
  }
  return {service_of(request, settings), htonl(time), htonl(process_start),
          htonl(counter.fetch_add(0x100))};
}

// The identifier to give out; none when the client has one that is good. Made once a request: the
// head and the log line agree.
std::optional<Identifier> to_set(const Request& request, const UserIdSettings& settings) {
  if (settings.mode == Mode::log) return std::nullopt;
  if (request.user_id) return request.user_id;
  const std::string_view reset = reset_of(request);
  const auto known = got(request, settings);
  const bool starts_anew = !reset.empty() && reset != "0";
  if (known && !starts_anew) {
    if (settings.mark == 0) return std::nullopt;
    const std::string cookie = cookie_of(request, settings);
    if (cookie.size() > text_bytes + 1 && cookie[text_bytes] == settings.mark) return std::nullopt;
    request.user_id = *known;
    return request.user_id;
  }
  if (starts_anew && reset == "log" && request.error_log != nullptr && known) {
    request.error_log->write(
        LogLevel::notice, request,
        fmt::format("userid cookie \"{}={:08X}{:08X}{:08X}{:08X}\" was reset", settings.name,
                    (*known)[0], (*known)[1], (*known)[2], (*known)[3]));
  }
  request.user_id = make_identifier(request, settings);
  return request.user_id;
}

std::string expiry(const UserIdSettings& settings) {
  if (settings.expires_never) return "; expires=Thu, 31-Dec-37 23:55:55 GMT";
  if (!settings.expires) return "";
  // "Mon, 02 Jan 2006 15:04:05 GMT" with the year in two digits and dashes, as cookies had it.
  const http::DateText date = http::format_date(runtime::wall_now() + *settings.expires);
  const std::string_view text = date.view();
  return fmt::format("; expires={}-{}-{} {}", text.substr(0, 7), text.substr(8, 3),
                     text.substr(14, 2), text.substr(17));
}

bool append_identifier(std::string& into, const UserIdSettings& settings, const Identifier& id) {
  into += fmt::format("{}={:08X}{:08X}{:08X}{:08X}", settings.name, id[0], id[1], id[2], id[3]);
  return true;
}

}  // namespace

void add_user_id(Request& request) {
  const UserIdSettings* settings = settings_of(request);
  if (settings == nullptr) return;
  const auto identifier = to_set(request, *settings);
  if (!identifier) return;
  std::string bytes(sizeof(Identifier), '\0');
  std::memcpy(bytes.data(), identifier->data(), sizeof(Identifier));
  std::string text = encode_base64(bytes);
  if (settings->mark != 0) text[text_bytes] = settings->mark;
  const std::string line = fmt::format("{}={}{}{}{}{}", settings->name, text, expiry(*settings),
                                       settings->domain, settings->path, settings->flags);
  request.response.headers.push_back({"Set-Cookie", request.arena.store(line)});
  if (!settings->p3p.empty()) request.response.headers.push_back({"P3P", settings->p3p});
}

bool append_uid_got(std::string& into, const Request& request) {
  const UserIdSettings* settings = settings_of(request);
  if (settings == nullptr) return false;
  const auto identifier = got(request, *settings);
  return identifier && append_identifier(into, *settings, *identifier);
}

bool append_uid_set(std::string& into, const Request& request) {
  const UserIdSettings* settings = settings_of(request);
  if (settings == nullptr) return false;
  const auto identifier = to_set(request, *settings);
  return identifier && append_identifier(into, *settings, *identifier);
}

}  // namespace baton::proxy
