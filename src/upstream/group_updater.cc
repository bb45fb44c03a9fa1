// Names of upstream servers, looked up again and again.

#include "upstream/group_updater.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::upstream {

namespace {

// Answers that hold for no time at all, and failures, are asked for again after this.
constexpr Duration least_pause = 1s;
constexpr std::size_t services_max = 64;

// nginx: a service without a dot in it is one of TCP.
std::string service_name(const config::ResolvedServer& line) {
  if (line.service.find('.') != std::string::npos) return line.service + "." + line.host;
  return fmt::format("_{}._tcp.{}", line.service, line.host);
}

std::string text_of(const std::vector<ResolvedMember>& members) {
  std::string text;
  for (const ResolvedMember& member : members) {
    if (!text.empty()) text += ", ";
    text += member.endpoint.text();
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

GroupUpdater::GroupUpdater(runtime::Loop& loop, Upstreams& upstreams, Log& log)
    : loop_(loop), upstreams_(upstreams), log_(log), resolvers_(loop) {}

void GroupUpdater::start(runtime::TaskScope& scope) {
  for (std::uint32_t group = 0; group < upstreams_.size(); ++group) {
    ResolvedServers* const resolved = upstreams_.resolved(group);
    if (!resolved) continue;
    const std::size_t lines = upstreams_.group(group).config().resolved.size();
    for (std::size_t line = 0; line < lines; ++line) {
      if (!resolved->known(line)) ++unsettled_;
      scope.spawn(watch(group, line));
    }
  }
}

runtime::Task<void> GroupUpdater::watch(std::uint32_t group, std::size_t line) {
  bool settled = upstreams_.resolved(group)->known(line);
  DnsStatus last = DnsStatus::found;
  while (!stopping_ && !loop_.cancelled()) {
    // Copied: the group, and its configuration with it, may be replaced meanwhile.
    const config::ResolvedServer asked = upstreams_.group(group).config().resolved[line];
    const std::shared_ptr<const config::ResolverSettings> settings =
        upstreams_.group(group).config().resolver;
    Answer answer;
    co_await ask(*settings, asked, answer);
    if (stopping_ || loop_.cancelled()) break;
    if (answer.status != DnsStatus::found && answer.status != last) {
      const std::string name = asked.service.empty() ? asked.host : service_name(asked);
      log_.print(LogLevel::error, "{} could not be resolved ({}: {})", name,
                 static_cast<int>(answer.status), describe(answer.status));
    }
    last = answer.status;
    const Instant again = std::max(answer.valid_until, loop_.now() + least_pause);
    apply(group, line, std::move(answer));
    if (!settled) --unsettled_;
    settled = true;
    co_await loop_.sleep_until(again);
  }
  if (!settled) --unsettled_;
}

runtime::Task<void> GroupUpdater::ask(const config::ResolverSettings& settings,
                                      const config::ResolvedServer& line, Answer& answer) {
  Resolver& resolver = resolvers_.of(settings);
  const Instant deadline = loop_.now() + settings.timeout;
  if (!line.service.empty()) {
    co_await ask_service(resolver, line, deadline, answer);
    co_return;
  }
  Lookup lookup = resolver.find(line.host, Resolver::Kind::host, deadline);
  const auto found = co_await lookup;
  answer.status = found->status;
  answer.valid_until = found->valid_until;
  for (const net::IpAddress& address : found->addresses) {
    answer.members.push_back({{address, line.port}, line.server.weight, line.server.backup});
  }
}

runtime::Task<void> GroupUpdater::ask_service(Resolver& resolver,
                                              const config::ResolvedServer& line, Instant deadline,
                                              Answer& answer) {
  Lookup services_lookup = resolver.find(service_name(line), Resolver::Kind::service, deadline);
  const auto services = co_await services_lookup;
  answer.status = services->status;
  answer.valid_until = services->valid_until;
  if (services->services.empty()) co_return;
  const std::uint16_t first =
      std::ranges::min_element(services->services, {}, &ServiceRecord::priority)->priority;
  DnsStatus failure = DnsStatus::found;
  const std::size_t count = std::min(services->services.size(), services_max);
  for (std::size_t i = 0; i < count; ++i) {
    const ServiceRecord& service = services->services[i];
    const bool backup = line.server.backup || service.priority != first;
    if (line.server.backup && service.priority != first) continue;
    Lookup lookup = resolver.find(service.target, Resolver::Kind::host, deadline);
    const auto found = co_await lookup;
    if (found->status != DnsStatus::found) {
      failure = found->status;
      continue;
    }
    answer.valid_until = std::min(answer.valid_until, found->valid_until);
    for (const net::IpAddress& address : found->addresses) {
      const std::uint32_t weight = std::max<std::uint32_t>(1, service.weight);
      answer.members.push_back({{address, service.port}, weight, backup});
    }
  }
  if (answer.members.empty() && failure != DnsStatus::found) answer.status = failure;
}

void GroupUpdater::apply(std::uint32_t group, std::size_t line, Answer answer) {
  if (answer.status != DnsStatus::found && answer.status != DnsStatus::not_found) return;
  const std::string text = text_of(answer.members);
  if (!upstreams_.resolved(group)->set(line, std::move(answer.members))) return;
  upstreams_.replace(group);
  const config::UpstreamGroup& config = upstreams_.group(group).config();
  log_.print(LogLevel::notice, "upstream \"{}\": {} is {} now", config.name,
             config.resolved[line].server.name, text);
}

}  // namespace baton::upstream
