// Encoding and careful decoding.

#include "failover/handover_messages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "base/json_text.h"
#include "failover/handover_rules.h"

namespace baton::failover {

namespace {

using json = nlohmann::json;

template <typename Item, typename Read>
std::optional<std::vector<Item>> list_of(const json& value, const char* name, Read read) {
  const auto found = value.find(name);
  if (found == value.end() || !found->is_array() || found->size() > handover_names_max) {
    return std::nullopt;
  }
  std::vector<Item> items;
  for (const auto& entry : *found) {
    if (!entry.is_string()) return std::nullopt;
    auto item = read(entry.get_ref<const std::string&>());
    if (!item) return std::nullopt;
    items.push_back(std::move(*item));
  }
  return items;
}

std::optional<std::string> as_text(const std::string& text) {
  if (text.size() > 256) return std::nullopt;
  return text;
}

std::optional<std::uint64_t> id_of(const json& value) {
  if (!value.is_object()) return std::nullopt;
  const auto found = value.find("id");
  if (found == value.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::vector<std::string> texts(const std::vector<net::IpAddress>& addresses) {
  std::vector<std::string> list;
  list.reserve(addresses.size());
  for (const auto& address : addresses) list.push_back(address.text());
  return list;
}

void put_endpoint(std::string& into, const net::Endpoint& endpoint) {
  for (const std::uint8_t byte : endpoint.address.bytes()) into += static_cast<char>(byte);
  into += static_cast<char>(endpoint.port >> 8);
  into += static_cast<char>(endpoint.port);
}

// Takes an endpoint off the front; the caller has looked that there are enough bytes.
net::Endpoint take_endpoint(std::string_view& bytes, bool is_ipv4) {
  const std::size_t size = is_ipv4 ? 4 : 16;
  const auto* raw = reinterpret_cast<const std::uint8_t*>(bytes.data());
  net::Endpoint endpoint;
  endpoint.address = is_ipv4 ? net::IpAddress::ipv4(std::span<const std::uint8_t, 4>(raw, 4))
                             : net::IpAddress::ipv6(std::span<const std::uint8_t, 16>(raw, 16));
  endpoint.port = static_cast<std::uint16_t>(raw[size] << 8 | raw[size + 1]);
  bytes.remove_prefix(size + 2);
  return endpoint;
}

}  // namespace

std::string encode_offer(const HandoverScope& scope) {
  return json_text({{"id", scope.id},
                    {"instances", scope.instances},
                    {"addresses", texts(scope.addresses)},
                    {"giver", texts(scope.giver)},
                    {"timeout_ms", to_ms(scope.timeout)},
                    {"sources", texts(scope.sources)}});
}

std::optional<HandoverScope> decode_offer(std::string_view body) {
  const auto value = parse_json(body);
  const auto id = id_of(value);
  if (!id) return std::nullopt;
  const auto address = [](const std::string& text) { return net::IpAddress::parse(text); };
  auto instances = list_of<std::string>(value, "instances", as_text);
  auto addresses = list_of<net::IpAddress>(value, "addresses", address);
  auto giver = list_of<net::IpAddress>(value, "giver", address);
  const auto timeout = value.find("timeout_ms");
  if (!instances || !addresses || !giver || timeout == value.end() ||
      !timeout->is_number_unsigned()) {
    return std::nullopt;
  }
  std::vector<net::IpAddress> sources;
  if (value.contains("sources")) {
    auto told = list_of<net::IpAddress>(value, "sources", address);
    if (!told || (!told->empty() && told->size() != instances->size())) return std::nullopt;
    sources = std::move(*told);
  }
  constexpr std::uint64_t longest_ms = 86'400'000;
  return HandoverScope{
      *id,
      std::move(*instances),
      std::move(*addresses),
      std::move(*giver),
      std::chrono::milliseconds(std::min(timeout->get<std::uint64_t>(), longest_ms)),
      std::move(sources)};
}

std::string encode_note(const HandoverNote& note) {
  json value{{"id", note.id}, {"why", note.why}};
  if (!note.connections.empty()) value["connections"] = note.connections;
  return json_text(value);
}

std::optional<HandoverNote> decode_note(std::string_view body) {
  const auto value = parse_json(body);
  const auto id = id_of(value);
  if (!id) return std::nullopt;
  HandoverNote note{*id, "", {}};
  const auto why = value.find("why");
  if (why != value.end() && why->is_string()) note.why = why->get<std::string>().substr(0, 512);
  const auto counts = value.find("connections");
  if (counts == value.end()) return note;
  if (!counts->is_object() || counts->size() > handover_names_max) return std::nullopt;
  for (const auto& [instance, count] : counts->items()) {
    if (!count.is_number_unsigned() || instance.size() > 256) return std::nullopt;
    note.connections[instance] =
        std::min<std::uint64_t>(count.get<std::uint64_t>(), moved_flows_max);
  }
  return note;
}

std::string encode_flows(const FlowList& list) {
  BATON_ASSERT(list.flows.size() <= flows_per_message);
  std::string body;
  for (int shift = 56; shift >= 0; shift -= 8) body += static_cast<char>(list.id >> shift);
  body += static_cast<char>(list.last ? 1 : 0);
  for (const Flow& flow : list.flows) {
    body += static_cast<char>(flow.local.address.is_ipv4() ? 4 : 6);
    put_endpoint(body, flow.client);
    put_endpoint(body, flow.local);
  }
  return body;
}

std::optional<FlowList> decode_flows(std::string_view body) {
  if (body.size() < 9) return std::nullopt;
  FlowList list;
  for (int i = 0; i < 8; ++i) list.id = list.id << 8 | static_cast<std::uint8_t>(body[i]);
  list.last = body[8] != 0;
  body.remove_prefix(9);
  while (!body.empty()) {
    const bool is_ipv4 = body[0] == 4;
    const std::size_t size = is_ipv4 ? 12 : 36;
    if ((!is_ipv4 && body[0] != 6) || body.size() < 1 + size) return std::nullopt;
    if (list.flows.size() == flows_per_message) return std::nullopt;
    body.remove_prefix(1);
    Flow flow;
    flow.client = take_endpoint(body, is_ipv4);
    flow.local = take_endpoint(body, is_ipv4);
    list.flows.push_back(flow);
  }
  return list;
}

// As from an earlier version, with the priorities added.
std::string encode_request(const PassRequest& request) {
  json value{{"id", 0u}, {"instances", request.instances}};
  if (!request.priorities.empty()) value["priorities"] = request.priorities;
  return json_text(value);
}

std::optional<PassRequest> decode_request(std::string_view body) {
  const auto value = parse_json(body);
  if (!value.is_object()) return std::nullopt;
  auto instances = list_of<std::string>(value, "instances", as_text);
  if (!instances) return std::nullopt;
  PassRequest request{std::move(*instances), {}};
  const auto told = value.find("priorities");
  if (told == value.end()) return request;
  if (!told->is_array() || told->size() != request.instances.size()) return std::nullopt;
  for (const auto& priority : *told) {
    if (!priority.is_number_unsigned()) return std::nullopt;
    request.priorities.push_back(
        static_cast<unsigned>(std::min<std::uint64_t>(priority.get<std::uint64_t>(), 255)));
  }
  return request;
}

std::string encode_names(const std::vector<std::string>& names) {
  return json_text({{"id", 0u}, {"instances", names}});
}

std::optional<std::vector<std::string>> decode_names(std::string_view body) {
  const auto value = parse_json(body);
  if (!value.is_object()) return std::nullopt;
  return list_of<std::string>(value, "instances", as_text);
}

}  // namespace baton::failover
