// The cache of names, and questions that are under way.

#include "upstream/resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/text.h"

namespace baton::upstream {

namespace {

constexpr int aliases_max = 8;
// Bounds to what servers say: for ever is a mistake, and "there is none" may soon be wrong.
constexpr Duration longest_life = 24h;
constexpr Duration longest_negative_life = 10s;
constexpr Duration pause_when_unreachable = 1s;

// Kind and name; names compare without case, and a dot at the end says nothing here.
std::string make_key(std::string_view name, Resolver::Kind kind) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string key(1, kind == Resolver::Kind::service ? 's' : 'h');
  return key + lowered(name);
}

}  // namespace

// One type of record that a question asks for.
struct Resolver::Part {
  DnsType type = DnsType::a;
  std::string name;  // changes when an alias has to be followed
  int aliases = 0;
  bool done = false;
  DnsAnswer answer;
  std::optional<Duration> aliases_life;  // least time to live of the aliases followed
};

struct Resolver::Question {
  IntrusiveList<Lookup, LookupTag> waiting;
  std::vector<Part> parts;
};

struct Resolver::Entry : ListNode<AgeTag> {
  std::string key;
  std::shared_ptr<const Resolution> known;
  std::unique_ptr<Question> question;  // while being asked
};

Resolver::Resolver(runtime::Loop& loop, const config::ResolverSettings& settings)
    : loop_(loop), settings_(settings) {
  BATON_ASSERT(!settings.servers.empty());
  client_ = std::make_unique<DnsClient>(loop, settings.servers);
}

Resolver::~Resolver() {
  client_.reset();  // its questions refer to entries
  for (auto& [key, entry] : entries_) {
    BATON_ASSERT(!entry->question || entry->question->waiting.empty());
  }
}

Lookup Resolver::find(std::string_view name, Kind kind, Instant deadline) {
  return {*this, make_key(name, kind), deadline};
}

std::shared_ptr<const Resolution> Resolver::known(const std::string& key) {
  const auto place = entries_.find(key);
  if (place == entries_.end()) return nullptr;
  Entry& entry = *place->second;
  if (entry.question || !entry.known || loop_.now() >= entry.known->valid_until) return nullptr;
  entry.unlink();
  by_use_.push_back(entry);
  return entry.known;
}

Resolver::Entry* Resolver::open_entry(std::string&& key) {
  auto place = entries_.find(key);
  if (place == entries_.end()) {
    if (entries_.size() >= entries_max) {
      Entry* const oldest = by_use_.front();
      if (!oldest) return nullptr;
      const std::string oldest_key = oldest->key;
      entries_.erase(oldest_key);
    }
    auto entry = std::make_unique<Entry>();
    entry->key = key;
    place = entries_.emplace(std::move(key), std::move(entry)).first;
  }
  return place->second.get();
}

// Parts are complete before the first is asked, for an answer may come at once.
void Resolver::ask(Entry& entry, std::size_t part) {
  Part& asked = entry.question->parts[part];
  client_->ask(asked.name, asked.type, [this, place = &entry, part](const DnsReply& reply) {
    take_reply(*place, part, reply);
  });
}

void Resolver::take_reply(Entry& entry, std::size_t index, const DnsReply& reply) {
  Part& part = entry.question->parts[index];
  if (reply.kind == DnsReply::Kind::unreachable && !entry.question->waiting.empty() &&
      !loop_.cancelled()) {
    return pauses_.spawn(ask_again_later(entry, index));
  }
  if (reply.kind == DnsReply::Kind::answered) {
    part.answer = parse_dns_answer(reply.message, part.type);
    if (!part.answer.alias.empty() && ++part.aliases <= aliases_max) {
      const Duration life = part.answer.time_to_live.value_or(longest_life);
      part.aliases_life = std::min(part.aliases_life.value_or(life), life);
      part.name = part.answer.alias;
      return ask(entry, index);
    }
    if (part.aliases_life && part.answer.time_to_live) {
      part.answer.time_to_live = std::min(*part.aliases_life, *part.answer.time_to_live);
    }
  } else {
    part.answer = {};
    part.answer.status = reply.status;
  }
  part.done = true;
  if (std::ranges::all_of(entry.question->parts, &Part::done)) finish(entry);
}

// A name server that restarts is no reason to fail: requests wait as long as they may. The pause
// is a wait of the loop, which ends with it.
runtime::Task<void> Resolver::ask_again_later(Entry& entry, std::size_t part) {
  co_await loop_.sleep_for(pause_when_unreachable);
  ask(entry, part);
}

Resolution Resolver::combine(const Question& question) const {
  Resolution result;
  std::optional<Duration> life;
  std::optional<Duration> negative_life;
  result.status = DnsStatus::not_found;
  for (const Part& part : question.parts) {
    const DnsAnswer& answer = part.answer;
    const auto least = [&answer](std::optional<Duration>& of) {
      if (answer.time_to_live)
        of = std::min(of.value_or(*answer.time_to_live), *answer.time_to_live);
    };
    if (answer.status == DnsStatus::found) {
      auto& to = result.addresses;
      to.insert(to.end(), answer.addresses.begin(), answer.addresses.end());
      result.services = answer.services;
      least(life);
    } else if (answer.status == DnsStatus::not_found) {
      least(negative_life);
    } else {
      result.status = answer.status;  // it cannot be said that there is no such name
    }
  }
  if (!result.addresses.empty() || !result.services.empty()) {
    result.status = DnsStatus::found;
    const Duration holds = settings_.valid.value_or(life.value_or(0s));
    result.valid_until = loop_.now() + std::min(holds, longest_life);
  } else if (result.status == DnsStatus::not_found) {
    result.valid_until = loop_.now() + std::min(negative_life.value_or(0s), longest_negative_life);
  }
  return result;
}

void Resolver::finish(Entry& entry) {
  const auto question = std::move(entry.question);
  auto resolution = std::make_shared<const Resolution>(combine(*question));
  while (Lookup* lookup = question->waiting.front()) lookup->end(resolution);
  if (resolution->valid_until <= loop_.now()) {
    const std::string key = entry.key;
    entries_.erase(key);
    return;
  }
  entry.known = std::move(resolution);
  by_use_.push_back(entry);
}

bool Lookup::await_ready() {
  if (resolver_.loop_.cancelled()) {
    end(DnsStatus::cancelled);
    return true;
  }
  result_ = resolver_.known(key_);
  return result_ != nullptr;
}

void Lookup::await_suspend(std::coroutine_handle<> handle) {
  handle_ = handle;
  const std::string name = key_.substr(1);
  const bool service = key_[0] == 's';
  Resolver::Entry* const entry = resolver_.open_entry(std::move(key_));
  if (!entry) return end(DnsStatus::server_failure);
  resolver_.loop_.timers().arm(*this, deadline_);
  if (entry->question) return entry->question->waiting.push_back(*this);
  entry->unlink();
  entry->question = std::make_unique<Resolver::Question>();
  entry->question->waiting.push_back(*this);
  auto& parts = entry->question->parts;
  const config::ResolverSettings& settings = resolver_.settings_;
  const auto add = [&](DnsType type) {
    parts.emplace_back();
    parts.back().type = type;
    parts.back().name = name;
  };
  if (service) add(DnsType::srv);
  if (!service && settings.ipv4) add(DnsType::a);
  if (!service && settings.ipv6) add(DnsType::aaaa);
  // The last answer ends the question, and its parts with it.
  for (std::size_t i = 0, count = parts.size(); i < count; ++i) resolver_.ask(*entry, i);
}

void Lookup::end(DnsStatus status) {
  auto resolution = std::make_shared<Resolution>();
  resolution->status = status;
  end(std::move(resolution));
}

// The coroutine goes on from the loop, never from within c-ares.
void Lookup::end(std::shared_ptr<const Resolution> result) {
  result_ = std::move(result);
  ListNode<LookupTag>::unlink();
  disarm();
  if (handle_) resolver_.loop_.make_ready(*this);
}

void Lookup::run() {
  handle_.resume();
}

void Lookup::expired() {
  end(DnsStatus::timed_out);
}

Resolver& Resolvers::of(const config::ResolverSettings& settings) {
  for (auto& resolver : all_) {
    if (resolver->settings().same_answers(settings)) return *resolver;
  }
  return *all_.emplace_back(std::make_unique<Resolver>(loop_, settings));
}

}  // namespace baton::upstream
