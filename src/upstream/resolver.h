// Names to addresses at run time, for one loop: `resolver` as the configuration gives it, with a
// cache that holds answers as long as they say (or `valid=`), negative ones too, and that asks
// once however many requests wait for the same name. The name servers' side is dns_client.h.
//
//   Lookup lookup = resolver.find("app.internal", Resolver::Kind::host, deadline);
//   const auto resolution = co_await lookup;
//   if (resolution->status == DnsStatus::found) ... resolution->addresses ...
//
// As nginx: A and AAAA are asked side by side, and either gives the name its addresses; a name
// without any is "not found". /etc/hosts and search domains are not looked at.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "config/model/resolver.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "upstream/dns_client.h"

namespace baton::upstream {

// What is known of a name. Immutable.
struct Resolution {
  DnsStatus status = DnsStatus::server_failure;
  std::vector<net::IpAddress> addresses;
  std::vector<ServiceRecord> services;
  Instant valid_until{};
};

class Lookup;
struct LookupTag;

class Resolver {
 public:
  enum class Kind : std::uint8_t { host, service };

  // `settings` must name a server.
  Resolver(runtime::Loop& loop, const config::ResolverSettings& settings);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // To be awaited, within the life of the resolver: gives a std::shared_ptr<const Resolution>,
  // never null. `timed_out` at `deadline`.
  Lookup find(std::string_view name, Kind kind, Instant deadline);

  [[nodiscard]] const config::ResolverSettings& settings() const { return settings_; }
  // Names known or being asked for.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  static constexpr std::size_t entries_max = 4096;

 private:
  friend class Lookup;
  struct AgeTag;
  struct Part;
  struct Question;
  struct Entry;

  // The entry to wait at, its question asked; null when there is no room.
  Entry* open_entry(std::string&& key);
  std::shared_ptr<const Resolution> known(const std::string& key);
  void ask(Entry& entry, std::size_t part);
  void take_reply(Entry& entry, std::size_t part, const DnsReply& reply);
  runtime::Task<void> ask_again_later(Entry& entry, std::size_t part);
  void finish(Entry& entry);
  [[nodiscard]] Resolution combine(const Question& question) const;

  runtime::Loop& loop_;
  config::ResolverSettings settings_;
  std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;
  IntrusiveList<Entry, AgeTag> by_use_;  // answered ones, the longest unused first
  std::unique_ptr<DnsClient> client_;
  runtime::TaskScope pauses_;
};

class [[nodiscard]] Lookup final : public runtime::Waiter,
                                   public runtime::TimerEntry,
                                   public ListNode<LookupTag> {
 public:
  Lookup(Resolver& resolver, std::string key, Instant deadline)
      : resolver_(resolver), key_(std::move(key)), deadline_(deadline) {}
  bool await_ready();
  void await_suspend(std::coroutine_handle<> handle);
  std::shared_ptr<const Resolution> await_resume() { return std::move(result_); }

  void run() override;
  void expired() override;

 private:
  friend class Resolver;
  void end(DnsStatus status);
  void end(std::shared_ptr<const Resolution> result);

  Resolver& resolver_;
  std::string key_;
  Instant deadline_;
  std::coroutine_handle<> handle_;
  std::shared_ptr<const Resolution> result_;
};

// The resolvers of one loop, made when first used: one for all settings that give the same
// answers.
class Resolvers {
 public:
  explicit Resolvers(runtime::Loop& loop) : loop_(loop) {}
  Resolver& of(const config::ResolverSettings& settings);

 private:
  runtime::Loop& loop_;
  std::vector<std::unique_ptr<Resolver>> all_;
};

}  // namespace baton::upstream
