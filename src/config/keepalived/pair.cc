// baton's own words in global_defs for the pair link and the handover:
//
//   pair_key FILE                   made by `baton key FILE`, the same file on every node
//   pair_peer ADDRESS [PORT]        one line for each other node
//   pair_listen [ADDRESS] [PORT]    default: every address, port 4112
//   handover_timeout SECONDS        how long connections of a moved address stay where they are

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

std::optional<std::uint16_t> port_of(Reader& reader, const Statement& statement,
                                     std::size_t index) {
  const auto port = parse_unsigned(statement.word(index), UINT16_MAX);
  if (port && *port > 0) return static_cast<std::uint16_t>(*port);
  reader.diagnostics.error(
      statement.place(index),
      fmt::format("{}: '{}' is not a port number", statement.keyword(), statement.word(index)));
  return std::nullopt;
}

// ADDRESS [PORT]
std::optional<net::Endpoint> endpoint_of(Reader& reader, const Statement& statement) {
  const auto address = net::IpAddress::parse(statement.word(1));
  if (!address || address->is_multicast()) {
    reader.diagnostics.error(
        statement.place(1),
        fmt::format("{}: '{}' is not an address", statement.keyword(), statement.word(1)));
    return std::nullopt;
  }
  net::Endpoint endpoint{*address, pair_port};
  if (statement.words.size() > 2) {
    const auto port = port_of(reader, statement, 2);
    if (!port) return std::nullopt;
    endpoint.port = *port;
  }
  if (statement.words.size() > 3) {
    reader.diagnostics.error(statement.place(3),
                             fmt::format("{}: nothing may follow the port", statement.keyword()));
  }
  return endpoint;
}

void peer(Reader& reader, const Statement& statement) {
  const auto endpoint = endpoint_of(reader, statement);
  if (!endpoint) return;
  auto& peers = reader.model.pair.peers;
  if (endpoint->address.is_any()) {
    reader.diagnostics.error(statement.place(1), "pair_peer: that is nobody's address");
  } else if (contains(peers, endpoint->address, &net::Endpoint::address)) {
    reader.diagnostics.error(statement.place(1),
                             fmt::format("pair_peer {} is there twice", statement.word(1)));
  } else if (peers.size() == pair_peers_max) {
    reader.diagnostics.error(statement.where,
                             fmt::format("pair_peer: more than {}", pair_peers_max));
  } else {
    peers.push_back(*endpoint);
  }
}

void listen(Reader& reader, const Statement& statement) {
  // A number alone is a port.
  if (statement.words.size() == 2 && parse_unsigned(statement.word(1))) {
    if (const auto port = port_of(reader, statement, 1)) {
      reader.model.pair.listen = net::Endpoint{net::IpAddress::any(net::Family::ipv6), *port};
    }
    return;
  }
  if (const auto endpoint = endpoint_of(reader, statement)) reader.model.pair.listen = endpoint;
}

// A virtual address is on whichever node is master: it names no node.
void refuse_virtual_peers(Reader& reader) {
  const auto is_virtual = [](const VrrpInstance& instance, const net::IpAddress& address) {
    const auto has = [&address](const std::vector<VirtualAddress>& list) {
      return std::ranges::any_of(
          list, [&address](const VirtualAddress& one) { return one.prefix.address == address; });
    };
    return has(instance.addresses) || has(instance.excluded_addresses);
  };
  const auto refuse = [&](const Position& where, const char* word, const net::IpAddress& address) {
    for (const auto& instance : reader.model.instances) {
      if (!is_virtual(instance, address)) continue;
      reader.diagnostics.error(
          where,
          fmt::format("{} {} is a virtual address of {}", word, address.text(), instance.name),
          "name the address that the other node always has");
      return;
    }
  };
  for (const auto& peer : reader.model.pair.peers) {
    refuse(reader.model.pair.where, "pair_peer", peer.address);
  }
  for (const auto& instance : reader.model.instances) {
    for (const auto& address : instance.guard.heartbeat_peers) {
      refuse(instance.where, "heartbeat_peer", address);
    }
  }
}

}  // namespace

void read_pair_word(Reader& reader, const Statement& statement) {
  PairSettings& pair = reader.model.pair;
  const std::string_view word = statement.keyword();
  if (!pair.where.file && word != "handover_timeout") pair.where = statement.where;
  if (word == "pair_key") {
    pair.key_file = statement.word(1);
    if (!pair.key_file.starts_with('/')) {
      reader.diagnostics.error(statement.place(1), "pair_key: the path must begin with '/'");
    }
  } else if (word == "pair_peer") {
    peer(reader, statement);
  } else if (word == "pair_listen") {
    listen(reader, statement);
  } else {
    constexpr double longest_s = 86400;
    const auto value = reader.seconds(statement, 1, 0, longest_s, "handover_timeout is ignored");
    if (value) pair.handover_timeout = *value;
  }
}

void settle_pair(Reader& reader) {
  refuse_virtual_peers(reader);
  PairSettings& pair = reader.model.pair;
  const auto reporting = std::ranges::find_if(
      reader.model.instances,
      [](const VrrpInstance& instance) { return instance.guard.has_second_path(); });
  pair.proves_reports = reporting != reader.model.instances.end();
  if (pair.proves_reports && pair.key_file.empty()) {
    reader.diagnostics.note(reporting->where,
                            "reports of the second heartbeat path are not authenticated: `baton "
                            "key FILE` makes a key, pair_key FILE in global_defs names it");
  }
  if (!pair.where.file || pair.enabled() || pair.needs_key()) return;
  if (pair.key_file.empty()) {
    reader.diagnostics.error(pair.where,
                             "the pair link needs a key: `baton key FILE` makes one, pair_key "
                             "FILE names it");
  } else {
    reader.diagnostics.warning(pair.where,
                               "pair_key has no effect without a pair_peer line or a "
                               "second heartbeat path");
  }
}

}  // namespace baton::config::keepalived
