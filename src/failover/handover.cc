// The two machines.

#include "failover/handover.h"

#include <algorithm>

namespace baton::failover {

using namespace handover_action;

// -- giver --

HandoverActions HandoverGiver::begin(Instant now) {
  if (state_ != State::idle) return {};
  state_ = State::offering;
  state_ends_ = now + ready_patience;
  return {SendOffer{}};
}

HandoverActions HandoverGiver::on_ready(Instant now) {
  if (state_ != State::offering) return {};
  state_ = State::moving;
  state_ends_ = now + move_patience;
  return {Keep{}, Yield{}, SendGo{}};
}

HandoverActions HandoverGiver::on_refused(const std::string& why) {
  if (state_ == State::moving) return {TakeBack{}};
  if (state_ != State::offering) return {};
  return give_up(why, true);
}

HandoverActions HandoverGiver::on_successor_there(Instant now) {
  if (state_ != State::moving) return {};
  state_ = State::serving;
  state_ends_ = now + scope_.timeout;
  look_at_ = now + list_interval;
  ++lists_sent_;
  return {Moved{}, SendFlows{false}};
}

HandoverActions HandoverGiver::on_still_master(Instant) {
  if (state_ == State::moving) {
    auto actions = give_up(nobody_took_over, false);
    actions.insert(actions.begin(), {Unkeep{}, SendDone{}});
    return actions;
  }
  // Taken back: the connections are served at the address itself again.
  return state_ == State::serving ? end() : HandoverActions{};
}

HandoverActions HandoverGiver::on_flows(std::size_t count, Instant) {
  if (state_ != State::serving) return {};
  flows_left_ = count;
  flows_moved_ = std::max(flows_moved_, count);
  return count == 0 && lists_sent_ >= lists ? end() : HandoverActions{};
}

// Once the successor is there, what is served is served; before, nothing has been lost.
HandoverActions HandoverGiver::on_link_down() {
  if (state_ != State::offering) return {};
  return give_up("the pair link broke", false);
}

HandoverActions HandoverGiver::on_tick(Instant now) {
  if (state_ends_ <= now) {
    if (state_ == State::offering) return give_up("the other node did not answer in time", false);
    if (state_ == State::moving) return on_still_master(now);
    return end();
  }
  if (look_at_ > now) return {};
  if (lists_sent_ >= lists) {
    look_at_ = now + count_interval;
    return {CountFlows{}};
  }
  ++lists_sent_;
  look_at_ = now + (lists_sent_ >= lists ? count_interval : list_interval);
  return {SendFlows{lists_sent_ >= lists}};
}

HandoverActions HandoverGiver::end() {
  if (state_ == State::over) return {};
  const bool has_moved = state_ == State::moving || state_ == State::serving;
  state_ = State::over;
  state_ends_ = look_at_ = never;
  if (!has_moved) return {Over{}};
  return {Unkeep{}, SendDone{}, Over{}};
}

HandoverActions HandoverGiver::give_up(std::string why, bool refused) {
  state_ = State::over;
  state_ends_ = look_at_ = never;
  return {Failed{std::move(why), refused}, Over{}};
}

Instant HandoverGiver::deadline() const {
  return std::min(state_ends_, look_at_);
}

// -- taker --

HandoverActions HandoverTaker::begin(Instant now) {
  if (state_ != State::idle) return {};
  state_ = State::prepared;
  begun_ = now;
  state_ends_ = now + go_patience;
  return {CatchAll{}, SendReady{}};
}

HandoverActions HandoverTaker::on_go(Instant now) {
  if (state_ != State::prepared) return {};
  state_ = State::catching;
  state_ends_ = now + list_patience;
  return {TakeOver{}};
}

HandoverActions HandoverTaker::on_flows(std::size_t count, bool last, Instant) {
  if (state_ != State::catching) return {};
  flows_moved_ += count;
  if (!last) return {};
  state_ = State::forwarding;
  state_ends_ = begun_ + scope_.timeout + giver_patience;
  return {ForwardFlows{}};
}

HandoverActions HandoverTaker::on_done(Instant now) {
  if (state_ == State::prepared) return end();
  if (state_ != State::catching && state_ != State::forwarding) return {};
  // The rules stay as they are: what still comes here is the giver's.
  state_ = State::leaving;
  state_ends_ = now + leave_patience;
  orphaned_until_ = never;
  return {};
}

HandoverActions HandoverTaker::on_link_down(Instant now) {
  if (state_ == State::prepared) return end();
  if (state_ == State::catching || state_ == State::forwarding) {
    orphaned_until_ = now + orphan_patience;
  }
  return {};
}

HandoverActions HandoverTaker::on_link_up(bool same_process) {
  if (!same_process) return end();
  orphaned_until_ = never;
  return {};
}

HandoverActions HandoverTaker::on_tick(Instant now) {
  if (deadline() > now) return {};
  if (state_ == State::catching && orphaned_until_ > now) {
    // No last list: those that are known have to do.
    state_ = State::forwarding;
    state_ends_ = begun_ + scope_.timeout + giver_patience;
    return {ForwardFlows{}};
  }
  return end();
}

HandoverActions HandoverTaker::end() {
  if (state_ == State::over) return {};
  state_ = State::over;
  state_ends_ = orphaned_until_ = never;
  return {RemoveRules{}, Over{}};
}

const char* name_of(HandoverGiver::State state) {
  constexpr const char* names[] = {"idle", "offering", "moving", "serving", "over"};
  return names[static_cast<std::size_t>(state)];
}

const char* name_of(HandoverTaker::State state) {
  constexpr const char* names[] = {"idle", "prepared", "catching", "forwarding", "leaving", "over"};
  return names[static_cast<std::size_t>(state)];
}

}  // namespace baton::failover
