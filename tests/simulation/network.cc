// Packets under way.

#include "simulation/network.h"

#include <algorithm>

namespace baton::simulation {

namespace {

bool later(const Item& a, const Item& b) {
  return a.at != b.at ? a.at > b.at : a.order > b.order;
}

}  // namespace

vrrp::ParsedAdvert read_wire(std::span<const std::uint8_t> bytes, const vrrp::Envelope& envelope) {
  if (envelope.source.is_ipv4()) return vrrp::parse_ipv4_packet(bytes);
  return vrrp::parse_message(bytes, envelope);
}

Wire make_wire(const vrrp::Advert& advert, const net::IpAddress& source,
               const net::IpAddress& destination, vrrp::ChecksumForm form) {
  Wire wire;
  wire.envelope.source = source;
  wire.envelope.destination = destination;
  wire.envelope.ttl = vrrp::ip_ttl;
  wire.bytes = vrrp::build_message(advert, source, destination, form);
  if (source.is_ipv4()) wire.bytes = vrrp::build_ipv4_packet(wire.bytes, source, destination, 1);
  wire.parsed = read_wire(wire.bytes, wire.envelope);
  return wire;
}

void Agenda::add(Item item) {
  item.order = ++order_;
  heap_.push_back(item);
  std::ranges::push_heap(heap_, later);
}

Item Agenda::take() {
  std::ranges::pop_heap(heap_, later);
  const Item item = heap_.back();
  heap_.pop_back();
  return item;
}

Network::Network(const Plan& plan, Agenda& agenda, Tally& tally)
    : plan_(plan), agenda_(agenda), tally_(tally), random_(plan.seed ^ 0x4e7) {
  clear_.delay_max = plan.delay_max;
  weather_ = clear_;
}

bool Network::carry(Item item, std::size_t link, std::size_t from, std::size_t to, Instant now) {
  if (!reaches(link, from, to)) return false;
  int copies = 1;
  if (weather_.loss_per_mille > 0 && random_.below(1000) < weather_.loss_per_mille) {
    ++tally_.lost;
    return false;
  }
  if (weather_.duplicates_per_mille > 0 && random_.below(1000) < weather_.duplicates_per_mille) {
    ++tally_.duplicates;
    copies = 2;
  }
  const auto spread =
      static_cast<std::uint64_t>((weather_.delay_max - plan_.delay_min).count()) + 1;
  Instant& last = last_[link][from][to];
  for (int i = 0; i < copies; ++i) {
    item.at = now + plan_.delay_min + Duration(static_cast<std::int64_t>(random_.below(spread)));
    if (item.at < last && weather_.reorders) ++tally_.overtakings;
    if (!weather_.reorders) item.at = std::max(item.at, last);
    last = std::max(last, item.at);
    agenda_.add(item);
  }
  return true;
}

}  // namespace baton::simulation
