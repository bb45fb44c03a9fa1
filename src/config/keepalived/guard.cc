// Reading of heartbeat paths and witnesses. An address is a number, never a name: a witness that
// needs a resolver would not answer when it is needed.

#include "config/keepalived/guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t longest_interface_name = 15;

void bad(Reader& reader, const Position& where, const std::string& owner, std::string_view message,
         std::string_view suggestion = "") {
  reader.diagnostics.error(where, fmt::format("{}{}", owner, message), std::string(suggestion));
}

void read_interface(Reader& reader, GuardOptions& options, const std::string& owner,
                    const Statement& statement) {
  const std::string& name = statement.word(1);
  if (name.empty() || name.size() > longest_interface_name) {
    bad(reader, statement.place(1), owner,
        fmt::format("heartbeat_interface '{}' is no name of an interface", name));
  } else if (options.heartbeat_interfaces.size() >= heartbeat_paths_max) {
    bad(reader, statement.where, owner, "too many heartbeat_interface lines");
  } else if (!contains(options.heartbeat_interfaces, name)) {
    options.heartbeat_interfaces.push_back(name);
  }
}

void read_peer(Reader& reader, GuardOptions& options, const std::string& owner,
               const Statement& statement) {
  const auto address = net::IpAddress::parse(statement.word(1));
  if (!address || address->is_multicast() || address->is_any()) {
    bad(reader, statement.place(1), owner,
        fmt::format("heartbeat_peer '{}' is no address of a node", statement.word(1)));
  } else if (!address->is_ipv4() && address->is_link_local()) {
    bad(reader, statement.place(1), owner,
        fmt::format("heartbeat_peer '{}' is an address of a link alone", statement.word(1)),
        "`heartbeat_interface NAME` reaches the nodes on a link");
  } else if (options.heartbeat_peers.size() >= heartbeat_paths_max) {
    bad(reader, statement.where, owner, "too many heartbeat_peer lines");
  } else if (!contains(options.heartbeat_peers, *address)) {
    options.heartbeat_peers.push_back(*address);
  }
}

std::optional<std::uint16_t> read_port(const std::string& word) {
  const auto port = parse_unsigned(word, 65535);
  if (!port || *port == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

// "http://ADDRESS[:PORT]/path"; false when it is not of that form.
bool read_url(Witness& witness, std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return false;
  url.remove_prefix(scheme.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  witness.host = url.substr(0, slash);
  witness.target = slash < url.size() ? std::string(url.substr(slash)) : "/";
  const bool is_clean = std::ranges::all_of(
      witness.target, [](char letter) { return letter > ' ' && letter < 0x7f; });
  if (!is_clean) return false;
  if (const auto whole = net::Endpoint::parse(witness.host)) {
    witness.address = whole->address;
    witness.port = whole->port;
    return whole->port != 0;
  }
  std::string bare = witness.host;
  if (bare.starts_with('[') && bare.ends_with(']')) bare = bare.substr(1, bare.size() - 2);
  const auto address = net::IpAddress::parse(bare);
  if (!address) return false;
  witness.address = *address;
  witness.port = 80;
  return true;
}

// The words behind `witness`; false when they say nothing that can be asked.
bool read_question(Witness& witness, const Statement& statement) {
  const std::string& kind = statement.word(1);
  const std::size_t words = statement.words.size();
  if (kind == "http") {
    witness.kind = Witness::Kind::http;
    return words == 3 && read_url(witness, statement.word(2));
  }
  const auto address = net::IpAddress::parse(statement.word(2));
  if (!address || address->is_any() || address->is_multicast()) return false;
  witness.address = *address;
  if (kind == "ping" || kind == "arp") {
    witness.kind = kind == "ping" ? Witness::Kind::ping : Witness::Kind::arp;
    return words == 3 && (kind == "ping" || address->is_ipv4());
  }
  if (kind != "tcp" || words != 4) return false;
  const auto port = read_port(statement.word(3));
  witness.kind = Witness::Kind::tcp;
  witness.port = port.value_or(0);
  return port.has_value();
}

void read_witness(Reader& reader, GuardOptions& options, const std::string& owner,
                  const Statement& statement) {
  Witness witness;
  witness.where = statement.where;
  if (!read_question(witness, statement)) {
    bad(reader, statement.place(1), owner, "this witness cannot be asked",
        "say `witness ping ADDRESS`, `witness arp IPV4_ADDRESS`, `witness tcp ADDRESS PORT` or "
        "`witness http http://ADDRESS[:PORT]/PATH`; names are not resolved");
    return;
  }
  if (options.witnesses.size() >= witnesses_max) {
    bad(reader, statement.where, owner, "too many witness lines");
    return;
  }
  for (std::size_t i = 1; i < statement.words.size(); ++i) {
    witness.text += (i > 1 ? " " : "") + statement.word(i);
  }
  options.witnesses.push_back(std::move(witness));
}

void read_time(Reader& reader, std::optional<Duration>& time, const std::string& owner,
               const Statement& statement, double low, double high) {
  const auto value = reader.seconds(statement, 1, low, high,
                                    fmt::format("{}{} is not between {} and {} s - ignoring", owner,
                                                statement.keyword(), low, high));
  if (value) time = *value;
}

template <typename T>
void inherit(T& own, const T& global) {
  const T nothing{};
  if (own == nothing) own = global;
}

}  // namespace

void read_guard_option(Reader& reader, GuardOptions& options, const std::string& owner,
                       const Statement& statement) {
  const std::string& word = statement.keyword();
  if (word == "heartbeat_interface") {
    read_interface(reader, options, owner, statement);
  } else if (word == "heartbeat_peer") {
    read_peer(reader, options, owner, statement);
  } else if (word == "heartbeat_interval") {
    read_time(reader, options.heartbeat_interval, owner, statement, 0.01, 10);
  } else if (word == "witness") {
    read_witness(reader, options, owner, statement);
  } else if (word == "witness_timeout") {
    read_time(reader, options.witness_timeout, owner, statement, 0.02, 60);
  } else {
    read_time(reader, options.takeover_link_wait, owner, statement, 0, 300);
  }
}

void settle_guard_options(Reader& reader, VrrpInstance& instance) {
  GuardOptions& own = instance.guard;
  const GuardOptions& global = reader.model.guard;
  if (!own.has_second_path()) {
    own.heartbeat_interfaces = global.heartbeat_interfaces;
    own.heartbeat_peers = global.heartbeat_peers;
  }
  inherit(own.heartbeat_interval, global.heartbeat_interval);
  inherit(own.witnesses, global.witnesses);
  inherit(own.witness_timeout, global.witness_timeout);
  inherit(own.takeover_link_wait, global.takeover_link_wait);
  if (contains(own.heartbeat_interfaces, instance.interface) && own.heartbeat_peers.empty() &&
      own.heartbeat_interfaces.size() == 1) {
    reader.diagnostics.warning(
        instance.where,
        fmt::format("({}) heartbeat_interface {} is the interface of the adverts: no second path",
                    instance.name, instance.interface));
  }
}

}  // namespace baton::config::keepalived
