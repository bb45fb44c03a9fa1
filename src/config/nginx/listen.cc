// The `listen` directive: one address (or host name, or range of ports) and its socket's options.
// Which server is the default of an address is settled when all are known (assemble.cc).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/nginx/endpoint.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t default_port = 80;
constexpr std::size_t listen_lines_max = 500000;  // of all servers, ranges of ports counted out

// Parameters of nginx that change the protocol: without them the listener would be another thing.
constexpr std::array<std::string_view, 3> refused_parameters{"ssl", "http2", "quic"};

std::optional<std::string_view> value_of(std::string_view parameter, std::string_view name) {
  if (!parameter.starts_with(name)) return std::nullopt;
  return parameter.substr(name.size());
}

class ListenParameters {
 public:
  ListenParameters(Reader& reader, const Directive& directive, ListenLine& line)
      : reader_(reader), directive_(directive), line_(line) {}

  void read() {
    for (index_ = 2; index_ <= directive_.count(); ++index_) read_one(directive_.word(index_));
  }

 private:
  void read_one(std::string_view word) {
    if (word == "default_server" || word == "default") {
      line_.default_server = true;
    } else if (std::ranges::find(refused_parameters, word) != refused_parameters.end()) {
      error(fmt::format("parameter \"{}\" of \"listen\" is not supported by baton yet", word));
    } else if (word == "proxy_protocol") {
      line_.options.proxy_protocol = true;
    } else if (word == "bind" || word == "reuseport") {
      line_.has_options = true;  // baton binds every address by itself, one socket a thread
    } else if (word == "deferred") {
      line_.has_options = line_.options.deferred = true;
    } else if (!read_size(word) && !read_choice(word) && !read_platform(word)) {
      error(fmt::format("invalid parameter \"{}\"", word));
    }
  }

  bool read_size(std::string_view word) {
    if (const auto text = value_of(word, "backlog=")) {
      const auto backlog = parse_unsigned(*text, INT32_MAX);
      if (!backlog || *backlog == 0) {
        error(fmt::format("invalid backlog \"{}\"", word));
        return true;
      }
      line_.options.backlog = static_cast<int>(*backlog);
    } else if (const auto receive = value_of(word, "rcvbuf=")) {
      line_.options.receive_buffer_bytes = parse_buffer("rcvbuf", word, *receive);
    } else if (const auto send = value_of(word, "sndbuf=")) {
      line_.options.send_buffer_bytes = parse_buffer("sndbuf", word, *send);
    } else {
      return false;
    }
    line_.has_options = true;
    return true;
  }

  std::optional<int> parse_buffer(std::string_view name, std::string_view word,
                                  std::string_view text) {
    const auto bytes = parse_size(text);
    if (bytes && *bytes <= INT32_MAX) return static_cast<int>(*bytes);
    error(fmt::format("invalid {} \"{}\"", name, word));
    return std::nullopt;
  }

  bool read_choice(std::string_view word) {
    if (const auto text = value_of(word, "ipv6only=")) {
      const bool is_ipv6 =
          line_.address.unix_path.empty() && !line_.address.endpoint.address.is_ipv4();
      if (!is_ipv6) {
        reader_.note(directive_, index_,
                     fmt::format("ipv6only means nothing for \"{}\"", line_.address.text()));
      } else if (*text != "on" && *text != "off") {
        error(fmt::format("invalid parameter \"{}\"", word));
      }
      line_.options.ipv6_only = *text != "off";
    } else if (const auto probes = value_of(word, "so_keepalive=")) {
      read_probes(*probes);
    } else {
      return false;
    }
    line_.has_options = true;
    return true;
  }

  // on, off, or "[idle]:[interval]:[count]", each with a default of the kernel's.
  void read_probes(std::string_view text) {
    line_.options.keepalive_probes = text != "off";
    if (text == "on" || text == "off") return;
    const auto parts = split(text, ':');
    bool valid = parts.size() <= 3;
    bool any = false;
    for (std::size_t i = 0; valid && i < parts.size(); ++i) {
      if (parts[i].empty()) continue;
      any = true;
      valid = i == 2 ? parse_unsigned(parts[i], 127).value_or(0) > 0
                     : parse_seconds(parts[i]).value_or(0s) > 0s;
      if (!valid) continue;
      if (i == 0) line_.options.keepalive_idle = *parse_seconds(parts[i]);
      if (i == 1) line_.options.keepalive_interval = *parse_seconds(parts[i]);
      if (i == 2) line_.options.keepalive_count = static_cast<int>(*parse_unsigned(parts[i]));
    }
    if (!valid || !any) error(fmt::format("invalid so_keepalive value: \"{}\"", text));
  }

  // What depends on the system.
  bool read_platform(std::string_view word) {
    if (const auto queue = value_of(word, "fastopen=")) {
      const auto length = parse_unsigned(*queue, INT32_MAX);
      if (!length) {
        error(fmt::format("invalid fastopen \"{}\"", word));
        return true;
      }
      line_.options.fast_open_queue = static_cast<int>(*length);
      line_.has_options = true;
      return true;
    }
    if (word == "multipath") {
      reader_.note(
          directive_, index_,
          "parameter \"multipath\" of \"listen\" has no effect in baton: clients fall back "
          "to TCP");
      line_.has_options = true;
      return true;
    }
    if (!word.starts_with("accept_filter=")) return false;
    reader_.warning(
        directive_, index_,
        fmt::format("accept filters \"{}\" are not supported on this platform, ignored", word));
    return true;
  }

  void error(std::string message) { reader_.error(directive_, index_, std::move(message)); }

  Reader& reader_;
  const Directive& directive_;
  ListenLine& line_;
  std::size_t index_ = 2;
};

std::vector<net::IpAddress> addresses_of(Reader& reader, const AddressText& text) {
  if (text.host == "*") return {net::IpAddress::any(net::Family::ipv4)};
  return reader.find_host(text);
}

void read_listen(Reader& reader, const Directive& directive) {
  const AddressText text = parse_address(directive.word(1), AddressUse::listen);
  ListenLine line;
  line.server = reader.level().server_index;
  line.directive = &directive;
  const auto refuse = [&](std::string_view problem) {
    reader.error(
        directive, 1,
        fmt::format("{} in \"{}\" of the \"listen\" directive", problem, directive.word(1)));
  };
  if (!text.problem.empty()) return refuse(text.problem);
  if (!text.unix_path.empty()) {
    line.address.unix_path = text.unix_path;
    ListenParameters(reader, directive, line).read();
    reader.listen_lines.push_back(std::move(line));
    return;
  }
  const std::vector<net::IpAddress> addresses = addresses_of(reader, text);
  if (addresses.empty()) return refuse("host not found");
  const std::uint16_t first = text.port.value_or(default_port);
  const std::uint16_t last = text.port ? text.last_port : default_port;
  line.address.endpoint.address = addresses[0];
  line.address.endpoint.port = first;
  ListenParameters(reader, directive, line).read();
  const std::size_t wanted = addresses.size() * (last - first + std::size_t{1});
  if (reader.listen_lines.size() + wanted > listen_lines_max) {
    return refuse("too many addresses");
  }
  for (const net::IpAddress& address : addresses) {
    for (std::uint32_t port = first; port <= last; ++port) {
      line.address.endpoint = {address, static_cast<std::uint16_t>(port)};
      reader.listen_lines.push_back(line);
    }
  }
}

constexpr Rule rules[] = {
    supported("listen", in_server, take1_or_more, read_listen),
};

}  // namespace

std::span<const Rule> listen_rules() {
  return rules;
}

}  // namespace baton::config::nginx
