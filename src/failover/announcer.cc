// Bursts and pacing.

#include "failover/announcer.h"

#include "linux/neighbours.h"

namespace baton::failover {

void Announcer::announce(const std::string& instance, const std::vector<Target>& targets,
                         std::uint32_t repeat, Duration interval) {
  for (std::uint32_t round = 0; round < repeat; ++round) {
    for (const auto& target : targets) {
      if (!target.address.is_ipv4()) continue;
      if (log_detail_ && round == 0) {
        log_.print(LogLevel::info, "({}) Sending/queueing gratuitous ARPs on {} for {}", instance,
                   target.device, target.address.text());
      }
      if (interval > 0s) {
        enqueue(target, interval);
      } else {
        send(target);
      }
    }
  }
}

void Announcer::solicit(const std::string& device, const net::IpAddress& source) {
  const linux::Link* link = links_.find(device);
  if (!link || link->loopback || !source.is_ipv4()) return;
  for (const auto& neighbour : linux::known_neighbours(device)) {
    // What hinders it is what is to be found out.
    static_cast<void>(socket_.request(link->index, link->mac, source, neighbour));
  }
}

void Announcer::probe(const Target& target, const net::IpAddress& group) {
  const linux::Link* link = links_.find(target.device);
  if (!link || link->loopback || !target.address.is_ipv4()) return;
  // What hinders it hinders the advert that follows, too, and is told there.
  static_cast<void>(socket_.probe(link->index, link->mac, target.address, group));
}

void Announcer::send(const Target& target) {
  const linux::Link* link = links_.find(target.device);
  if (!link || link->loopback) return;
  const auto done = socket_.announce(link->index, link->mac, target.address);
  const int cause = done ? 0 : done.error().errno_value;
  if (cause != 0 && cause != last_error_) {
    log_.print(LogLevel::error, "gratuitous ARP on {} for {}: {}", target.device,
               target.address.text(), describe(done.error()));
  } else if (cause == 0 && log_detail_) {
    log_.print(LogLevel::info, "Sending gratuitous ARP on {} for {}", target.device,
               target.address.text());
  }
  last_error_ = cause;
}

void Announcer::enqueue(const Target& target, Duration interval) {
  Queue& queue = queues_[target.device];
  queue.interval = interval;
  if (queue.waiting.size() >= queued_max) return;
  queue.waiting.push_back(target.address);
  if (!queue.timer) {
    const std::string device = target.device;
    queue.timer = std::make_unique<runtime::Timer>(loop_, [this, device] { send_next(device); });
  }
  if (!queue.timer->armed() && queue.waiting.size() == 1) send_next(target.device);
}

void Announcer::send_next(const std::string& device) {
  Queue& queue = queues_[device];
  if (queue.waiting.empty()) return;
  send({queue.waiting.front(), device});
  queue.waiting.pop_front();
  // Armed also behind the last frame: the next burst must keep its distance, too.
  queue.timer->arm_after(queue.interval);
}

}  // namespace baton::failover
