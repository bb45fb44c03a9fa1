// Work that is too long for one turn of the loop, done in pieces: adverts, BFD and their timers
// come in between. A job is a function that does a bounded piece (a millisecond, say) and gives
// true while there is more. Several take turns.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "runtime/loop.h"

namespace baton::failover {

class PiecewiseWork final : private runtime::Waiter {
 public:
  using Job = std::move_only_function<bool()>;

  explicit PiecewiseWork(runtime::Loop& loop) : loop_(loop) {}

  // The first piece is done in the next turn of the loop.
  void add(Job job) {
    jobs_.push_back(std::move(job));
    if (!is_linked()) loop_.defer(*this);
  }
  void clear() { jobs_.clear(); }

 private:
  void run() override {
    if (jobs_.empty()) return;
    // It may add others, or clear all.
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (job()) jobs_.push_back(std::move(job));
    if (!jobs_.empty() && !is_linked()) loop_.defer(*this);
  }

  runtime::Loop& loop_;
  std::deque<Job> jobs_;
};

}  // namespace baton::failover
