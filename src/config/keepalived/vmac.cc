// use_vmac and what belongs to it. Which interfaces an instance needs is settled when all instances
// are known: names must differ.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t longest_interface_name = 15;
constexpr double longest_announce_interval_s = 86400;

// "00:00:5e:00:01:33", or the first five of these.
std::optional<net::Mac> parse_mac(std::string_view text, std::uint8_t last) {
  const auto octets = split(text, ':');
  net::Mac mac;
  if (octets.size() < 5 || octets.size() > mac.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (octets[i].empty() || octets[i].size() > 2) return std::nullopt;
    unsigned value = 0;
    for (const char c : octets[i]) {
      if (hex_value(c) < 0) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(hex_value(c));
    }
    mac.bytes[i] = static_cast<std::uint8_t>(value);
  }
  if (octets.size() == 5) mac.bytes[5] = last;
  return mac;
}

net::Mac mac_of(const VrrpInstance& instance, net::Family family) {
  if (const auto mac = parse_mac(instance.vmac.mac_text, instance.virtual_router_id)) return *mac;
  const std::uint8_t kind = family == net::Family::ipv4 ? 1 : 2;
  return {{0x00, 0x00, 0x5e, 0x00, kind, instance.virtual_router_id}};
}

// The first of prefix.ID, prefix1.ID, ... that nobody has.
std::string free_name(const Reader& reader, const std::string& prefix, std::uint8_t id) {
  for (unsigned number = 0;; ++number) {
    const std::string count = number == 0 ? "" : std::to_string(number);
    std::string name = fmt::format("{}{}.{}", prefix, count, id);
    const bool taken =
        std::ranges::any_of(reader.model.instances, [&name](const VrrpInstance& instance) {
          return instance.vmac.name == name || contains(instance.vmac.links, name, &VmacLink::name);
        });
    if (!taken) return name;
  }
}

// The interface on `parent` for addresses of `family`; made when there is none yet.
const std::string& link_on(Reader& reader, VrrpInstance& instance, const std::string& parent,
                           net::Family family) {
  const net::Mac mac = mac_of(instance, family);
  auto& links = instance.vmac.links;
  const auto found = std::ranges::find_if(
      links, [&](const VmacLink& link) { return link.parent == parent && link.mac == mac; });
  if (found != links.end()) return found->name;
  const std::string name =
      free_name(reader,
                reader.defaults.vmac_address_prefix.empty() ? reader.defaults.vmac_prefix
                                                            : reader.defaults.vmac_address_prefix,
                instance.virtual_router_id);
  return links.emplace_back(VmacLink{name, parent, mac, family}).name;
}

void settle_address(Reader& reader, VrrpInstance& instance, VirtualAddress& address,
                    net::Family family) {
  const bool on_own = address.device.empty() || address.device == instance.interface;
  const bool own_family = address.prefix.address.family() == family;
  if (instance.vmac.wanted && on_own && own_family) {
    address.device = instance.vmac.name;
  } else if (address.wants_vmac || instance.vmac.for_other_links) {
    const std::string parent = on_own ? instance.interface : address.device;
    address.device = link_on(reader, instance, parent, address.prefix.address.family());
  }
}

void settle_instance_vmac(Reader& reader, VrrpInstance& instance) {
  VirtualMac& vmac = instance.vmac;
  const net::Family family = instance.wire.family;
  if (vmac.wanted && instance.interface.empty()) {
    reader.diagnostics.error(instance.where,
                             fmt::format("({}) use_vmac needs an interface", instance.name));
    return;
  }
  if (vmac.wanted) {
    if (vmac.name.empty()) {
      vmac.name = free_name(reader, reader.defaults.vmac_prefix, instance.virtual_router_id);
    }
    vmac.links.push_back({vmac.name, instance.interface, mac_of(instance, family), family});
    if (!instance.unicast_peers.empty() && !vmac.transmit_on_base) {
      reader.diagnostics.warning(
          instance.where,
          fmt::format("({}) unicast with use_vmac requires vmac_xmit_base - setting",
                      instance.name));
      vmac.transmit_on_base = true;
    }
  } else if (vmac.transmit_on_base) {
    reader.diagnostics.tolerated_error(
        instance.where,
        fmt::format("({}) vmac_xmit_base is only valid with a vmac", instance.name));
    vmac.transmit_on_base = false;
  }
  for (auto& address : instance.addresses) settle_address(reader, instance, address, family);
  for (auto& address : instance.excluded_addresses) {
    settle_address(reader, instance, address, family);
  }
  for (const VmacLink& link : vmac.links) {
    if (link.name.size() <= longest_interface_name) continue;
    reader.diagnostics.error(
        instance.where,
        fmt::format("({}) the name of interface {} is too long", instance.name, link.name),
        "name it by use_vmac NAME, or choose a shorter vmac_prefix");
  }
}

}  // namespace

// use_vmac [[name] NAME] [MAC]
void read_use_vmac(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  VirtualMac& vmac = draft.instance.vmac;
  vmac.wanted = true;
  std::size_t word = statement.word(1) == "name" ? 2 : 1;
  for (; word < statement.words.size(); ++word) {
    const std::string& text = statement.word(word);
    if (parse_mac(text, 0)) {
      vmac.mac_text = text;
    } else if (vmac.name.empty() && text.size() <= longest_interface_name) {
      vmac.name = text;
    } else {
      reader.diagnostics.tolerated_error(
          statement.place(word),
          fmt::format("({}) VMAC interface name '{}' too long or invalid MAC address - ignoring",
                      draft.instance.name, text));
    }
  }
}

void read_vmac_flag(Reader&, InstanceDraft& draft, const Statement& statement) {
  VirtualMac& vmac = draft.instance.vmac;
  (statement.keyword() == "vmac_xmit_base" ? vmac.transmit_on_base : vmac.for_other_links) = true;
}

// garp_extra_if [all] SECONDS
void read_extra_announcements(Reader& reader, const Statement& statement, VirtualMac& vmac) {
  const bool everywhere = statement.word(1) == "all";
  const auto value = reader.seconds(statement, everywhere ? 2 : 1, 1, longest_announce_interval_s,
                                    fmt::format("{} is ignored", statement.keyword()));
  if (!value) return;
  vmac.announce_interval = *value;
  vmac.announce_everywhere = everywhere;
}

void settle_vmacs(Reader& reader) {
  for (auto& instance : reader.model.instances) settle_instance_vmac(reader, instance);
}

}  // namespace baton::config::keepalived
