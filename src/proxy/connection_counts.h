// What stub_status and the $connections_* variables tell, summed over the threads of the process.
#pragma once

#include <cstdint>
#include <vector>

namespace baton::proxy {

struct ThreadCounters;

struct ConnectionCounts {
  std::uint64_t accepted = 0;
  std::uint64_t handled = 0;
  std::uint64_t requests = 0;
  std::uint64_t active = 0;
  std::uint64_t reading = 0;  // a request's head
  std::uint64_t waiting = 0;  // idle
  // All others: working on a request or answering it.
  [[nodiscard]] std::uint64_t writing() const {
    const std::uint64_t others = reading + waiting;
    return active > others ? active - others : 0;
  }
};

class ConnectionCounter {
 public:
  // Threads are added before any of them runs, and outlive this.
  void add(const ThreadCounters& thread) { threads_.push_back(&thread); }
  [[nodiscard]] ConnectionCounts counts() const;

 private:
  std::vector<const ThreadCounters*> threads_;
};

}  // namespace baton::proxy
