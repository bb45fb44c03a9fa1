// Sockets, timers and the packet filter for handovers.

#include "failover/handover_kernel.h"

#include "linux/tcp_flows.h"

namespace baton::failover {

namespace {

HandoverPeer face_of(const PairPeer& peer) {
  return {peer.address(), peer.name(), peer.run(), peer.is_up(), peer.problem()};
}

class KernelFlows final : public FlowListing {
 public:
  explicit KernelFlows(linux::TcpFlowListing listing) : listing_(std::move(listing)) {}
  Result<bool> read_some(const Visitor& visit) override {
    return listing_.read_some([&visit](const linux::TcpFlow& flow) {
      visit({{flow.remote, flow.local}, flow.is_settled, flow.is_closed});
    });
  }

 private:
  linux::TcpFlowListing listing_;
};

}  // namespace

HandoverKernel::HandoverKernel(runtime::Loop& loop, Log& log, PairLink& link, AddressGuard& guard,
                               HandoverHost& host)
    : loop_(loop),
      log_(log),
      link_(link),
      guard_(guard),
      host_(host),
      timer_(loop, [this] { handovers_->on_timer(); }),
      work_(loop) {}

void HandoverKernel::drive(Handovers& handovers) {
  handovers_ = &handovers;
  for (const PairMessage type : Handovers::messages) {
    link_.on(type, [this, type](const PairPeer& from, std::string_view body) {
      handovers_->on_message(type, face_of(from), body);
    });
  }
  link_.on_change([this](const PairPeer& peer) { handovers_->on_link_change(face_of(peer)); });
}

HandoverWorld::Faces HandoverKernel::routers() const {
  Faces faces;
  for (const auto& router : host_.routers()) faces.push_back(router.get());
  return faces;
}

std::vector<HandoverPeer> HandoverKernel::peers() const {
  std::vector<HandoverPeer> all;
  for (const auto& peer : link_.peers()) all.push_back(face_of(*peer));
  return all;
}

Status HandoverKernel::filter(const std::string& commands, const char* what) {
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

Result<std::unique_ptr<FlowListing>> HandoverKernel::list_flows(
    const std::vector<net::IpAddress>& addresses) {
  auto listing = linux::TcpFlowListing::begin(addresses);
  if (!listing) return std::unexpected(listing.error());
  return std::make_unique<KernelFlows>(std::move(*listing));
}

void HandoverKernel::close() {
  work_.clear();
  timer_.cancel();
  nftables_.reset();
}

}  // namespace baton::failover
