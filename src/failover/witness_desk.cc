// Questions, conversations, answers.

#include "failover/witness_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/stream.h"

namespace baton::failover {

namespace {

using Kind = config::Witness::Kind;

// "HTTP/1.1 204 ..." and the like: the status, 0 for anything else.
int status_of(std::string_view head) {
  if (!head.starts_with("HTTP/") || head.size() < 12 || head[8] != ' ') return 0;
  int status = 0;
  for (const char digit : head.substr(9, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

}  // namespace

void WitnessDesk::ask(const std::string& asker, const Question& question, Answer answer) {
  Open& open = open_[asker];
  open = Open{};
  open.number = ++last_number_;
  open.question = question;
  open.answer = std::move(answer);
  open.asked_at = loop_.refresh_now();
  open.end = std::make_unique<runtime::Timer>(loop_, [this, asker] {
    const auto found = open_.find(asker);
    if (found == open_.end()) return;
    std::string detail = found->second.last_problem;
    if (detail.empty()) {
      detail = fmt::format("no answer of {} within {:.1f} s",
                           found->second.question.witnesses.front().text,
                           to_seconds(found->second.question.timeout));
    }
    conclude(asker, false, detail);
  });
  open.end->arm(open.asked_at + question.timeout);
  const std::uint64_t number = open.number;
  for (const auto& witness : question.witnesses) {
    if (witness.kind == Kind::tcp || witness.kind == Kind::http) {
      tasks_.spawn(connect(asker, number, witness, open.asked_at + question.timeout));
    } else {
      start(open, witness);
    }
  }
}

void WitnessDesk::start(Open& open, const config::Witness& witness) {
  const Status done = witness.kind == Kind::ping ? ping(open, witness) : request_arp(open, witness);
  // The others may answer yet; the timer tells when none does.
  if (!done) open.last_problem = fmt::format("{}: {}", witness.text, describe(done.error()));
}

Status WitnessDesk::ping(Open& open, const config::Witness& witness) {
  auto& echo = echoes_[witness.address.family()];
  if (!echo) {
    auto socket = linux::EchoSocket::open(witness.address.family());
    if (!socket) return std::unexpected(socket.error());
    echo = std::make_unique<Echo>(Echo{std::move(*socket), nullptr});
    Echo* raw = echo.get();
    echo->watch = std::make_unique<ReadWatch>(loop_, echo->socket.release(),
                                              [this, raw] { return read_echoes(*raw); });
  }
  return echo->socket.send(witness.address, static_cast<std::uint16_t>(open.number >> 16),
                           static_cast<std::uint16_t>(open.number));
}

bool WitnessDesk::read_echoes(Echo& echo) {
  while (const auto reply = echo.socket.receive()) {
    for (const auto& [asker, open] : open_) {
      const bool is_ours = reply->identifier == static_cast<std::uint16_t>(open.number >> 16) &&
                           reply->sequence == static_cast<std::uint16_t>(open.number);
      if (!is_ours) continue;
      const auto& list = open.question.witnesses;
      const auto witness = std::ranges::find_if(list, [&](const config::Witness& one) {
        return one.kind == Kind::ping && one.address == reply->source;
      });
      if (witness == list.end()) continue;
      settle(asker, open.number, *witness, {});
      break;
    }
  }
  return true;
}

Status WitnessDesk::request_arp(const Open& open, const config::Witness& witness) {
  const linux::Link* link = links_.find(open.question.interface);
  if (!link) return fail(ErrorKind::unavailable, "no such interface");
  if (!arp_) {
    auto socket = linux::ArpSocket::open();
    if (!socket) return std::unexpected(socket.error());
    arp_ = std::make_unique<linux::ArpSocket>(std::move(*socket));
  }
  return arp_->request(link->index, link->mac, open.question.source, witness.address);
}

void WitnessDesk::on_claim(const linux::ArpClaim& claim) {
  for (const auto& [asker, open] : open_) {
    const linux::Link* link = links_.find(open.question.interface);
    if (!link || link->index != claim.link) continue;
    for (const auto& witness : open.question.witnesses) {
      if (witness.kind != Kind::arp || witness.address != claim.address) continue;
      settle(asker, open.number, witness, {});
      return on_claim(claim);  // others may have asked the same
    }
  }
}

// Copies: the question may be forgotten meanwhile.
runtime::Task<void> WitnessDesk::connect(std::string asker, std::uint64_t number,
                                         config::Witness witness, Instant deadline) {
  const Status outcome = co_await converse(witness, deadline);
  if (!outcome && outcome.error().kind == ErrorKind::cancelled) co_return;
  // Not from within ask().
  co_await loop_.sleep_for(0s);
  settle(asker, number, witness, outcome);
}

runtime::Task<Status> WitnessDesk::converse(config::Witness witness, Instant deadline) {
  auto fd = runtime::begin_connect({witness.address, witness.port});
  if (!fd) co_return std::unexpected(fd.error());
  runtime::Stream stream(loop_, std::move(*fd), true);
  const auto connected = co_await stream.connected(deadline);
  if (!connected) co_return std::unexpected(connected.error());
  if (witness.kind == Kind::tcp) co_return Status{};
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: baton-witness\r\nConnection: close\r\n\r\n",
      witness.target, witness.host);
  std::array<iovec, 1> pieces{{{request.data(), request.size()}}};
  const auto sent = co_await stream.write_all(pieces, deadline);
  if (!sent) co_return std::unexpected(sent.error());
  std::string head;
  std::array<char, 512> bytes;
  while (head.size() < 12) {
    const auto got = co_await stream.read(bytes, deadline);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(ErrorKind::closed, "HTTP answer");
    head.append(bytes.data(), *got);
  }
  stream.reset_on_close();
  const int status = status_of(head);
  if (status < 100 || status >= 500) co_return fail(ErrorKind::unavailable, "HTTP status");
  co_return Status{};
}

WitnessDesk::Open* WitnessDesk::find(const std::string& asker, std::uint64_t number) {
  const auto found = open_.find(asker);
  return found == open_.end() || found->second.number != number ? nullptr : &found->second;
}

void WitnessDesk::settle(const std::string& asker, std::uint64_t number,
                         const config::Witness& witness, const Status& outcome) {
  Open* open = find(asker, number);
  if (!open) return;
  if (!outcome) {
    open->last_problem = fmt::format("{}: {}", witness.text, describe(outcome.error()));
    // A single witness that refuses has answered.
    if (open->question.witnesses.size() == 1) conclude(asker, false, open->last_problem);
    return;
  }
  const Duration took = loop_.refresh_now() - open->asked_at;
  conclude(asker, true,
           fmt::format("{} answered in {:.1f} ms", witness.text, to_seconds(took) * 1000));
}

void WitnessDesk::conclude(std::string asker, bool reachable, std::string detail) {
  const auto found = open_.find(asker);
  if (found == open_.end()) return;
  const Answer answer = std::move(found->second.answer);
  open_.erase(found);
  answer(reachable, detail);
}

}  // namespace baton::failover
