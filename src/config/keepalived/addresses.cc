// Addresses of an instance: virtual_ipaddress, virtual_ipaddress_excluded, unicast_peer and the
// source address of adverts. Lines of virtual_ipaddress use iproute2's words.

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t most_addresses = 255;  // the count is one byte of an advert
constexpr std::size_t longest_interface_name = 15;

// Reads the words of one address line one after the other.
class AddressLine {
 public:
  // `any_family`: it is not advertised.
  AddressLine(Reader& reader, InstanceDraft& draft, const Statement& statement, bool any_family)
      : reader_(reader), draft_(draft), statement_(statement), any_family_(any_family) {}

  std::optional<VirtualAddress> read() {
    address_.where = statement_.where;
    if (!read_prefix()) return std::nullopt;
    for (position_ = 1; position_ < statement_.words.size(); ++position_) {
      if (!read_option()) return std::nullopt;
    }
    // A whole address is no source that a host should pick by itself.
    if (!preferred_said_) {
      address_.traits.deprecated = is_ipv6() && address_.prefix.length == 128;
    }
    return std::move(address_);
  }

 private:
  [[nodiscard]] const std::string& subject() const { return statement_.keyword(); }

  void complain(std::size_t word, const std::string& message) {
    reader_.diagnostics.tolerated_error(statement_.place(word), message);
  }

  bool read_prefix() {
    const std::size_t slash = subject().find('/');
    const auto ip = net::IpAddress::parse(std::string_view(subject()).substr(0, slash));
    if (!ip) {
      complain(0, fmt::format("VRRP parsed invalid IP {}. skipping IP...", subject()));
      return false;
    }
    if (!any_family_ && !fits_family(draft_, *ip)) {
      complain(0, fmt::format("({}): address family must match VRRP instance [{}] - ignoring",
                              draft_.instance.name, subject()));
      return false;
    }
    const std::uint8_t whole = ip->is_ipv4() ? 32 : 128;
    address_.prefix = {*ip, whole};
    if (slash == std::string::npos) return true;
    const auto length = parse_unsigned(std::string_view(subject()).substr(slash + 1), whole);
    if (length) {
      address_.prefix.length = static_cast<std::uint8_t>(*length);
    } else {
      complain(0, fmt::format("Invalid address prefix len {} for address {} - using {}",
                              subject().substr(slash + 1), subject(), whole));
    }
    return true;
  }

  [[nodiscard]] bool is_ipv6() const { return !address_.prefix.address.is_ipv4(); }

  // The word behind the current one; null after an error that drops the whole address.
  const std::string* value() {
    const std::string& option = statement_.word(position_);
    if (position_ + 1 >= statement_.words.size()) {
      complain(position_, fmt::format("No {} parameter specified for {}", option, subject()));
      return nullptr;
    }
    return &statement_.word(++position_);
  }

  bool read_option() {
    const std::string& option = statement_.word(position_);
    if (option == "dev") return read_device();
    if (option == "brd" || option == "broadcast") return read_broadcast();
    if (option == "label") return read_label();
    if (option == "scope") return read_scope();
    if (option == "no_track") {
      address_.tracked = false;
    } else if (option == "home" || option == "-nodad" || option == "mngtmpaddr") {
      take_ipv6_flag(option);
    } else if (option == "noprefixroute") {
      address_.traits.without_prefix_route = true;
    } else if (option == "autojoin") {
      address_.traits.join_multicast = true;
    } else if (option == "preferred_lft") {
      return read_preferred();
    } else if (option == "peer") {
      return read_peer();
    } else if (option == "use_vmac") {
      address_.wants_vmac = true;
    } else {
      complain(position_,
               fmt::format("Unknown configuration entry '{}' for ip address - ignoring", option));
    }
    return true;
  }

  void take_ipv6_flag(const std::string& option) {
    if (!is_ipv6()) {
      reader_.note_once(option, statement_.place(position_),
                        fmt::format("{} is for IPv6 addresses: no effect here", option));
      return;
    }
    if (option == "home") address_.traits.home = true;
    if (option == "-nodad") address_.traits.detect_duplicates = true;
    if (option == "mngtmpaddr") address_.traits.manage_temporary = true;
  }

  bool read_preferred() {
    const std::string* text = value();
    if (!text) return false;
    const auto seconds = parse_unsigned(*text, 0xffffffff);
    if (!seconds && *text != "forever") {
      complain(position_, fmt::format("preferred_lft {} is invalid", *text));
      return true;
    }
    preferred_said_ = true;
    address_.traits.deprecated = seconds == 0 && is_ipv6();
    if (seconds.value_or(0) > 0) {
      reader_.note_once("preferred_lft", statement_.place(position_),
                        "preferred_lft: addresses are renewed every second; a time above 0 means "
                        "preferred for as long as the address is here");
    }
    return true;
  }

  bool read_peer() {
    const std::string* text = value();
    if (!text) return false;
    const auto peer = net::IpAddress::parse(*text);
    if (!peer || peer->family() != address_.prefix.address.family()) {
      complain(position_, fmt::format("Invalid peer address {}", *text));
      return false;
    }
    address_.traits.peer = *peer;
    return true;
  }

  bool read_device() {
    const std::string* name = value();
    if (!name) return false;
    if (name->size() > longest_interface_name) {
      complain(position_,
               fmt::format("Interface name '{}' too long - ignoring the address", *name));
      return false;
    }
    address_.device = *name;
    return true;
  }

  bool read_broadcast() {
    const std::string* text = value();
    if (!text) return false;
    address_.broadcast_computed = *text == "+";
    if (*text == "+" || *text == "-") return true;
    const auto ip = net::IpAddress::parse(*text);
    if (!ip || !ip->is_ipv4()) {
      complain(position_, fmt::format("VRRP is trying to assign invalid broadcast {}. skipping "
                                      "VIP...",
                                      *text));
      return false;
    }
    address_.broadcast = *ip;
    return true;
  }

  bool read_label() {
    const std::string* text = value();
    if (!text) return false;
    if (text->size() > longest_interface_name) {
      complain(position_, fmt::format("Address label {} is longer than maximum length {} - "
                                      "removing address",
                                      *text, longest_interface_name));
      return false;
    }
    address_.label = *text;
    return true;
  }

  bool read_scope() {
    struct Scope {
      std::string_view name;
      std::uint8_t number;
    };
    static constexpr std::array<Scope, 5> scopes = {
        {{"global", 0}, {"site", 200}, {"link", 253}, {"host", 254}, {"nowhere", 255}}};
    const std::string* text = value();
    if (!text) return false;
    for (const Scope& scope : scopes) {
      if (scope.name == *text) {
        address_.scope = scope.number;
        return true;
      }
    }
    if (const auto number = parse_unsigned(*text, 255)) {
      address_.scope = static_cast<std::uint8_t>(*number);
    } else {
      complain(position_,
               fmt::format("Invalid scope '{}' specified for {} - ignoring", *text, subject()));
    }
    return true;
  }

  Reader& reader_;
  InstanceDraft& draft_;
  const Statement& statement_;
  bool any_family_;
  VirtualAddress address_;
  bool preferred_said_ = false;
  std::size_t position_ = 0;
};

void read_ttl(Reader& reader, const InstanceDraft& draft, UnicastPeer& peer,
              const Statement& statement, std::size_t word) {
  const std::string& option = statement.word(word);
  if (word + 1 >= statement.words.size()) {
    reader.diagnostics.tolerated_error(
        statement.place(word),
        fmt::format("({}) {} is missing a value", draft.instance.name, option));
    return;
  }
  if (option != "min_ttl" && option != "max_ttl") {
    reader.diagnostics.tolerated_error(
        statement.place(word),
        fmt::format("({}) unknown unicast_peer option {}", draft.instance.name, option));
    return;
  }
  const auto value = reader.whole(statement, word + 1, 0, 255, option + " is ignored");
  if (!value) return;
  (option == "min_ttl" ? peer.min_ttl : peer.max_ttl) = static_cast<std::uint8_t>(*value);
}

}  // namespace

void read_addresses(Reader& reader, InstanceDraft& draft, const Statement& block) {
  const bool excluded = block.keyword() == "virtual_ipaddress_excluded";
  auto& addresses = excluded ? draft.instance.excluded_addresses : draft.instance.addresses;
  for (const Statement& statement : block.block) {
    if (statement.keyword() == "{") continue;
    auto address = AddressLine(reader, draft, statement, excluded).read();
    if (!address) continue;
    if (!excluded && addresses.size() >= most_addresses) {
      reader.diagnostics.error(statement.where,
                               fmt::format("({}) an advert has room for {} addresses",
                                           draft.instance.name, most_addresses),
                               "move the rest to virtual_ipaddress_excluded");
      return;
    }
    addresses.push_back(std::move(*address));
  }
}

void read_unicast_peers(Reader& reader, InstanceDraft& draft, const Statement& block) {
  draft.wants_unicast = true;
  for (const Statement& statement : block.block) {
    const std::string& text = statement.keyword();
    if (text == "{") continue;
    const auto ip = net::IpAddress::parse(text);
    if (!ip) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("Configuration error: VRRP instance[{}] malformed unicast peer "
                      "address[{}]. Skipping...",
                      draft.instance.name, text));
      continue;
    }
    if (!fits_family(draft, *ip)) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("Configuration error: VRRP instance[{}] and unicast peer address[{}] MUST "
                      "be of the same family !!! Skipping...",
                      draft.instance.name, text));
      continue;
    }
    UnicastPeer peer;
    peer.address = *ip;
    for (std::size_t word = 1; word < statement.words.size(); word += 2) {
      read_ttl(reader, draft, peer, statement, word);
    }
    if (peer.min_ttl || peer.max_ttl) draft.instance.check_unicast_source = true;
    if (contains(draft.instance.unicast_peers, *ip, &UnicastPeer::address)) continue;
    draft.instance.unicast_peers.push_back(peer);
  }
}

std::optional<net::IpAddress> read_source_address(Reader& reader, InstanceDraft& draft,
                                                  const Statement& statement) {
  const auto ip = net::IpAddress::parse(statement.word(1));
  if (!ip) {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("Configuration error: VRRP instance[{}] malformed src "
                                        "address[{}]. Skipping...",
                                        draft.instance.name, statement.word(1)));
    return std::nullopt;
  }
  if (!fits_family(draft, *ip)) {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("Configuration error: VRRP instance[{}] and src address[{}] "
                    "MUST be of the same family !!! Skipping...",
                    draft.instance.name, statement.word(1)));
    return std::nullopt;
  }
  return ip;
}

}  // namespace baton::config::keepalived
