// Bursts and pacing.

#include "failover/announcer.h"

#include "linux/neighbour_discovery.h"
#include "linux/neighbours.h"

namespace baton::failover {

namespace {

// keepalived's words.
const char* queueing_words(const net::IpAddress& address) {
  return address.is_ipv4() ? "gratuitous ARPs" : "Unsolicited Neighbour Adverts";
}

const char* sending_words(const net::IpAddress& address) {
  return address.is_ipv4() ? "gratuitous ARP" : "unsolicited Neighbour Advert";
}

}  // namespace

void Announcer::announce(const std::string& instance, const std::vector<Target>& targets,
                         std::uint32_t repeat, const AnnouncePacing& pacing) {
  for (std::uint32_t round = 0; round < repeat; ++round) {
    for (const auto& target : targets) {
      if (log_detail_ && round == 0) {
        log_.print(LogLevel::info, "({}) Sending/queueing {} on {} for {}", instance,
                   queueing_words(target.address), target.device, target.address.text());
      }
      const auto pause = pacing.pause(target.device, target.address.family());
      if (pause.interval > 0s) {
        enqueue(target, pause);
      } else {
        send(target);
      }
    }
  }
}

void Announcer::solicit(const std::string& device, const net::IpAddress& source) {
  const linux::Link* link = links_.find(device);
  if (!link || link->loopback) return;
  // What hinders it is what is to be found out.
  if (source.is_ipv4()) {
    for (const auto& neighbour : linux::known_neighbours(device)) {
      static_cast<void>(socket_.request(link->index, link->mac, source, neighbour));
    }
  }
  // A backup may have spoken with nobody yet.
  if (const auto local = links_.own_address(device, net::Family::ipv6, {})) {
    static_cast<void>(socket_.send(link->index, linux::build_call_to_all(link->mac, *local)));
  }
}

void Announcer::probe(const Target& target, const net::IpAddress& from,
                      const net::IpAddress& group) {
  const linux::Link* link = links_.find(target.device);
  if (!link || link->loopback || target.address.family() != group.family()) return;
  // What hinders it hinders the advert that follows, too, and is told there.
  if (target.address.is_ipv4()) {
    static_cast<void>(socket_.probe(link->index, link->mac, target.address, group));
  } else {
    // Whoever has the address is in this group, also who knows nothing of VRRP.
    static_cast<void>(socket_.send(
        link->index, linux::build_neighbour_probe(link->mac, from, target.address,
                                                  linux::solicited_node_group(target.address))));
  }
}

Status Announcer::send_frame(const linux::Link& link, const net::IpAddress& address) {
  if (address.is_ipv4()) return socket_.announce(link.index, link.mac, address);
  const bool router = linux::forwards_ipv6(link.name);
  return socket_.send(link.index, linux::build_neighbour_advertisement(link.mac, address, router));
}

void Announcer::send(const Target& target) {
  const linux::Link* link = links_.find(target.device);
  if (!link || link->loopback) return;
  const auto done = send_frame(*link, target.address);
  const int cause = done ? 0 : done.error().errno_value;
  if (cause != 0 && cause != last_error_) {
    log_.print(LogLevel::error, "{} on {} for {}: {}", sending_words(target.address), target.device,
               target.address.text(), describe(done.error()));
  } else if (cause == 0 && log_detail_) {
    log_.print(LogLevel::info, "Sending {} on {} for {}", sending_words(target.address),
               target.device, target.address.text());
  }
  last_error_ = cause;
}

void Announcer::enqueue(const Target& target, const AnnouncePacing::Pause& pause) {
  Queue& queue = queues_[pause.lane];
  queue.interval = pause.interval;
  if (queue.waiting.size() >= queued_max) return;
  queue.waiting.push_back(target);
  if (!queue.timer) {
    const std::string lane = pause.lane;
    queue.timer = std::make_unique<runtime::Timer>(loop_, [this, lane] { send_next(lane); });
  }
  if (!queue.timer->armed() && queue.waiting.size() == 1) send_next(pause.lane);
}

void Announcer::send_next(const std::string& lane) {
  Queue& queue = queues_[lane];
  if (queue.waiting.empty()) return;
  send(queue.waiting.front());
  queue.waiting.pop_front();
  // Armed also behind the last frame: the next burst must keep its distance, too.
  queue.timer->arm_after(queue.interval);
}

}  // namespace baton::failover
