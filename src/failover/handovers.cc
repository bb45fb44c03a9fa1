// The pair link, the kernel and the routers, as a desk wants them.

#include "failover/handovers.h"

#include "linux/tcp_flows.h"

namespace baton::failover {

namespace {

HandoverPeer describe_peer(const PairPeer& peer) {
  return {peer.address(), peer.name(), peer.run(), peer.is_up(), peer.problem()};
}

}  // namespace

Handovers::Handovers(runtime::Loop& loop, Log& log, PairLink& link, AddressGuard& guard, Host& host)
    : HandoverDesk(link.run()),
      loop_(loop),
      log_(log),
      link_(link),
      guard_(guard),
      host_(host),
      timer_(loop, [this] { on_timer(); }) {
  for (const PairMessage type :
       {PairMessage::handover_offer, PairMessage::handover_flows, PairMessage::handover_ready,
        PairMessage::handover_refused, PairMessage::handover_taken, PairMessage::handover_done,
        PairMessage::pass_request}) {
    link_.on(type, [this, type](const PairPeer& from, std::string_view body) {
      on_message(type, describe_peer(from), body);
    });
  }
  link_.on_change([this](const PairPeer& peer) { on_link_change(describe_peer(peer)); });
}

Handovers::~Handovers() = default;

void Handovers::end() {
  HandoverDesk::end();
  timer_.cancel();
  nftables_.reset();
}

HandoverDesk::Faces Handovers::faces() const {
  Faces found;
  for (const auto& router : host_.routers()) found.push_back(router.get());
  return found;
}

std::vector<HandoverPeer> Handovers::peers() const {
  std::vector<HandoverPeer> found;
  for (const auto& peer : link_.peers()) found.push_back(describe_peer(*peer));
  return found;
}

// What does not arrive is noticed by the time that the other machine waits.
void Handovers::send(const net::IpAddress& peer, PairMessage type, const std::string& body) {
  static_cast<void>(link_.send(peer, type, body));
}

void Handovers::keep(const std::string& name, const std::vector<HeldAddress>& addresses) {
  guard_.hold(name, addresses);
}

Status Handovers::filter(const std::string& commands, const char* what) {
  if (commands.empty()) return {};
  if (!nftables_) {
    auto opened = linux::Nftables::open();
    if (!opened) return std::unexpected(opened.error());
    nftables_ = std::move(*opened);
  }
  const Status done = nftables_->run(commands);
  if (!done) {
    log_.print(LogLevel::error, "handover: the packet filter does not take {}: {}", what,
               nftables_->last_problem());
  }
  return done;
}

Status Handovers::visit_flows(const std::vector<net::IpAddress>& addresses,
                              const FlowVisitor& visit) {
  return linux::visit_tcp_flows(addresses, [&visit](const linux::TcpFlow& flow) {
    visit({flow.remote, flow.local}, flow.is_settled);
  });
}

}  // namespace baton::failover
