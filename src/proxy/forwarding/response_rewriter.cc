// Rewriting header lines.

#include "proxy/forwarding/response_rewriter.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using Kind = config::Replacement::Kind;

std::string expanded(const config::TemplateText& text, const Request& request) {
  std::string result;
  append_text(result, text, request);
  return result;
}

std::string_view without_dot(std::string_view domain) {
  if (domain.starts_with('.')) domain.remove_prefix(1);
  return domain;
}

std::string_view trimmed_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::string_view name_of(std::string_view attribute) {
  return attribute.substr(0, attribute.find('='));
}

// The parts of a Set-Cookie value between ";", without blanks around them.
std::vector<std::string> attributes_of(std::string_view value) {
  std::vector<std::string> attributes;
  while (true) {
    const std::size_t end = value.find(';');
    const std::string_view part = trimmed_blanks(value.substr(0, end));
    if (!part.empty() || attributes.empty()) attributes.emplace_back(part);
    if (end == std::string_view::npos) return attributes;
    value.remove_prefix(end + 1);
  }
}

// Regular expressions leave the request's own captures as they were.
class CapturesKept {
 public:
  explicit CapturesKept(Request& request) : request_(request) { kept_.swap(request.captures); }
  CapturesKept(const CapturesKept&) = delete;
  CapturesKept& operator=(const CapturesKept&) = delete;
  ~CapturesKept() { request_.captures.swap(kept_); }

 private:
  Request& request_;
  std::vector<Capture> kept_;
};

}  // namespace

ResponseRewriter::ResponseRewriter(const config::ProxyPass& proxy,
                                   const config::Location& location) {
  const config::ProxyRules* rules = proxy.rules.get();
  if (!rules || !rules->redirects) {
    add_default(proxy, location);
  } else {
    for (const config::Replacement& replacement : *rules->redirects) {
      if (replacement.kind == Kind::standard) {
        add_default(proxy, location);
      } else {
        redirects_.push_back(make_rule(replacement, Case::as_written));
      }
    }
  }
  if (!rules) return;
  // Domains and names of cookies know no case, whatever their expression says.
  for (const auto& replacement : rules->cookie_domains) {
    domains_.push_back(make_rule(replacement, Case::ignored));
  }
  for (const auto& replacement : rules->cookie_paths) {
    paths_.push_back(make_rule(replacement, Case::as_written));
  }
  for (const auto& flags : rules->cookie_flags) {
    flags_.push_back({make_rule(flags.cookie, Case::ignored), &flags});
  }
}

// What proxy_pass names becomes the location's own path. With variables there is no default.
void ResponseRewriter::add_default(const config::ProxyPass& proxy,
                                   const config::Location& location) {
  if (proxy.url) return;
  const std::string base = "http://" + proxy.host_header;
  Rule rule;
  rule.from = base + (proxy.uri ? *proxy.uri : "/");
  rule.to = proxy.uri ? location.pattern : "/";
  redirects_.push_back(std::move(rule));
}

ResponseRewriter::Rule ResponseRewriter::make_rule(const config::Replacement& replacement,
                                                   Case letters) {
  Rule rule;
  rule.replacement = &replacement;
  if (replacement.kind != Kind::text) {
    rule.regex = Regex::compile(
        replacement.pattern, letters == Case::ignored || replacement.kind == Kind::regex_no_case);
  }
  return rule;
}

// What becomes of `value` by one rule; nullopt: it does not match. The dot before a domain is
// neither looked at nor lost.
std::optional<std::string> ResponseRewriter::apply(const Rule& rule, Request& request,
                                                   std::string_view value, TextMatch match) {
  const bool domain = match == TextMatch::domain;
  const std::string dot = domain && value.starts_with('.') ? "." : "";
  if (domain) value = without_dot(value);
  const auto replacement = [&] {
    const std::string to = rule.replacement ? expanded(rule.replacement->to, request) : rule.to;
    return domain ? dot + std::string(without_dot(to)) : to;
  };
  if (rule.regex) {
    const CapturesKept kept(request);
    if (!rule.regex->match(value, request.captures)) return std::nullopt;
    return replacement();
  }
  const std::string from = rule.replacement ? expanded(rule.replacement->from, request) : rule.from;
  if (domain) {
    if (!equals_ignoring_case(value, without_dot(from))) return std::nullopt;
    return replacement();
  }
  if (!value.starts_with(from)) return std::nullopt;
  return replacement().append(value.substr(from.size()));
}

std::optional<std::string> ResponseRewriter::apply(const std::vector<Rule>& rules, Request& request,
                                                   std::string_view value, TextMatch match) {
  for (const Rule& rule : rules) {
    if (auto result = apply(rule, request, value, match)) return result;
  }
  return std::nullopt;
}

std::optional<std::string_view> ResponseRewriter::redirect(Request& request,
                                                           std::string_view location) const {
  const auto result = apply(redirects_, request, location, TextMatch::prefix);
  if (!result) return std::nullopt;
  return request.arena.store(*result);
}

std::optional<std::string_view> ResponseRewriter::refresh(Request& request,
                                                          std::string_view value) const {
  // "5; url=http://...": what is behind "url=".
  const std::string lower = lowered(value);
  const std::size_t found = lower.find("url=");
  if (found == std::string::npos) return std::nullopt;
  const std::size_t start = found + 4;
  const auto result = apply(redirects_, request, value.substr(start), TextMatch::prefix);
  if (!result) return std::nullopt;
  return request.arena.join({value.substr(0, start), *result});
}

bool ResponseRewriter::matches_cookie(const Rule& rule, Request& request,
                                      std::string_view name) const {
  if (rule.replacement->kind == Kind::text) {
    return equals_ignoring_case(name, expanded(rule.replacement->from, request));
  }
  const CapturesKept kept(request);
  return rule.regex && rule.regex->match(name, request.captures);
}

// The first rule whose cookie this is sets and drops flags.
void ResponseRewriter::set_flags(Request& request, std::vector<std::string>& attributes,
                                 bool& changed) const {
  const std::string name(name_of(attributes[0]));
  const auto rule = std::ranges::find_if(
      flags_, [&](const FlagRule& one) { return matches_cookie(one.cookie, request, name); });
  if (rule == flags_.end()) return;
  const auto drop = [&](std::string_view flag) {
    const auto gone = std::remove_if(attributes.begin() + 1, attributes.end(), [&](const auto& a) {
      return equals_ignoring_case(name_of(a), flag);
    });
    changed = changed || gone != attributes.end();
    attributes.erase(gone, attributes.end());
  };
  const auto set = [&](std::string_view flag, std::string_view text) {
    const auto place = std::find_if(attributes.begin() + 1, attributes.end(), [&](const auto& a) {
      return equals_ignoring_case(name_of(a), flag);
    });
    changed = true;
    if (place == attributes.end()) {
      attributes.emplace_back(text);
    } else if (text.find('=') != std::string_view::npos) {
      *place = text;
    }
  };
  std::vector<std::string> wanted;
  for (const auto& flag : rule->flags->flags) {
    wanted.push_back(lowered(expanded(flag, request)));
  }
  const auto wants = [&](std::string_view flag) {
    return std::ranges::find(wanted, flag) != wanted.end();
  };
  if (wants("nosecure")) drop("secure");
  if (wants("nohttponly")) drop("httponly");
  if (wants("nosamesite")) drop("samesite");
  if (wants("secure")) set("secure", "Secure");
  if (wants("httponly")) set("httponly", "HttpOnly");
  if (wants("samesite=strict")) set("samesite", "SameSite=Strict");
  if (wants("samesite=lax")) set("samesite", "SameSite=Lax");
  if (wants("samesite=none")) set("samesite", "SameSite=None");
}

std::optional<std::string_view> ResponseRewriter::cookie(Request& request,
                                                         std::string_view set_cookie) const {
  std::vector<std::string> attributes = attributes_of(set_cookie);
  if (attributes[0].find('=') == std::string::npos) return std::nullopt;
  bool changed = false;
  for (std::size_t i = 1; i < attributes.size(); ++i) {
    std::string& attribute = attributes[i];
    const std::size_t equals = attribute.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view name = name_of(attribute);
    const std::string_view value = std::string_view(attribute).substr(equals + 1);
    std::optional<std::string> result;
    if (equals_ignoring_case(name, "domain")) {
      result = apply(domains_, request, value, TextMatch::domain);
    } else if (equals_ignoring_case(name, "path")) {
      result = apply(paths_, request, value, TextMatch::prefix);
    }
    if (!result) continue;
    attribute.resize(equals + 1);
    attribute.append(*result);
    changed = true;
  }
  set_flags(request, attributes, changed);
  if (!changed) return std::nullopt;
  std::string joined;
  for (const std::string& attribute : attributes) {
    if (!joined.empty()) joined.append("; ");
    joined.append(attribute);
  }
  return request.arena.store(joined);
}

}  // namespace baton::proxy
