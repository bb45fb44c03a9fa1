// What the node does for a handover: an operator's pass, its own end, what the supervisor is told.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/node.h"

namespace baton::failover {

void Node::tell(const std::vector<RouterFace*>& routers, const vrrp::Event& event) {
  ++untold_;
  for (RouterFace* router : routers) router->obey(event);
  --untold_;
  review_groups();
}

void Node::pass_ended(std::uint64_t ticket, bool ok, const std::string& text) {
  ipc::Message reply;
  reply.type = ipc::MessageType::pass_reply;
  reply.number = ticket;
  reply.second = ok ? 1 : 0;
  reply.text = text;
  static_cast<void>(channel_.send(std::move(reply)));
}

void Node::addresses_leave(const std::vector<net::IpAddress>& addresses, bool close_idle) {
  std::string text;
  for (const auto& address : addresses) text += address.text() + " ";
  static_cast<void>(channel_.send(ipc::MessageType::leaving, close_idle ? 1 : 0, std::move(text)));
}

void Node::pass(const ipc::Message& message) {
  const auto line_end = std::min(message.text.find('\n'), message.text.size());
  const std::string instance = message.text.substr(0, line_end);
  const std::string peer =
      line_end < message.text.size() ? message.text.substr(line_end + 1) : std::string();
  std::string problem;
  const auto routers = find_passed(instance, problem);
  if (!problem.empty()) {
    pass_ended(message.number, false, problem);
  } else {
    handovers_.pass(routers, peer, message.number);
  }
}

std::vector<RouterFace*> Node::find_passed(const std::string& instance, std::string& problem) {
  std::vector<RouterFace*> found;
  if (stopping_) {
    problem = "this node is stopping";
    return found;
  }
  const auto is_master = [](const RouterFace& router) {
    return router.instance().state() == vrrp::State::master && !router.instance().is_yielding();
  };
  const auto shares_group = [&found](const Router& router) {
    const std::string& group = router.plan().settings.sync_group;
    return !group.empty() && std::ranges::any_of(found, [&group](const RouterFace* other) {
      return other->instance().settings().sync_group == group;
    });
  };
  for (const auto& router : routers_) {
    if (instance.empty() ? is_master(*router) : router->name() == instance) {
      found.push_back(router.get());
    }
  }
  for (const auto& router : routers_) {
    if (std::ranges::find(found, router.get()) == found.end() && shares_group(*router)) {
      found.push_back(router.get());
    }
  }
  if (found.empty()) {
    problem = instance.empty() ? "this node is not master of anything: nothing to pass"
                               : fmt::format("there is no vrrp_instance {}", instance);
    std::vector<std::string> known;
    for (const auto& router : routers_) {
      const auto master = router->instance().master();
      const bool elsewhere = router->instance().state() == vrrp::State::backup && master;
      if (!instance.empty()) {
        known.push_back(router->name());
      } else if (elsewhere) {
        known.push_back(fmt::format("{}'s master is {}", router->name(), master->text()));
      }
    }
    constexpr std::size_t named_max = 5;
    const bool more = known.size() > named_max;
    if (more) known.resize(named_max);
    if (!known.empty()) {
      problem +=
          fmt::format(" ({}{}{})", instance.empty() ? "" : "here are: ", fmt::join(known, ", "),
                      more ? " ..." : "");
    }
  }
  for (const RouterFace* router : found) {
    if (is_master(*router)) continue;
    const auto master = router->instance().master();
    const bool knows = router->instance().state() == vrrp::State::backup && master;
    problem =
        fmt::format("{} is not master here: it is {}{}", router->instance().settings().name,
                    router->instance().is_yielding() ? "about to pass"
                                                     : vrrp::name_of(router->instance().state()),
                    knows ? fmt::format(", the master is {}", master->text()) : "");
  }
  return found;
}

// The end of the node: masters give their addresses to the other node, if there is one to give to.
void Node::stop_routers(bool yield) {
  std::vector<RouterFace*> masters;
  for (const auto& router : routers_) {
    const auto& instance = router->instance();
    if (instance.state() != vrrp::State::master || instance.is_yielding()) continue;
    masters.push_back(router.get());
  }
  if (!yield || masters.empty()) return stop_others({}, yield);
  if (handovers_.give_at_stop(masters)) return stop_others(masters, yield);
  // Nobody takes connections over: who idles is told before the address goes.
  std::vector<net::IpAddress> leaving;
  for (const RouterFace* router : masters) {
    for (const auto& held : router->held()) leaving.push_back(held.prefix.address);
  }
  addresses_leave(leaving, true);
  stops_at_ = loop_.refresh_now() + Handovers::farewell;
}

void Node::stop_others(const std::vector<RouterFace*>& given, bool yield) {
  stops_at_ = never;
  tell_all([&](Router& router) {
    if (std::ranges::find(given, &router) == given.end()) router.stop(yield);
  });
}

// False while connections that began here are served on for a successor.
bool Node::await_handover(Instant now) {
  if (!handovers_.is_serving()) return true;
  // The proxy stops accepting when it hears of it: not before all neighbours know the new owner.
  constexpr Duration neighbours_learn = 1s;
  if (moved_at_ == never) moved_at_ = now;
  if (now - moved_at_ >= neighbours_learn && !std::exchange(told_handed_over_, true)) {
    static_cast<void>(channel_.send(ipc::MessageType::handed_over));
  }
  stop_timer_.arm(now + 20ms);
  return false;
}

}  // namespace baton::failover
