// What proxy_redirect and the proxy_cookie_* directives make of an upstream's header lines. One for
// each location that proxies, made once and shared by all threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model/proxy_rules.h"
#include "proxy/request.h"
#include "proxy/routing/regex.h"

namespace baton::proxy {

class ResponseRewriter {
 public:
  // Both outlive it. The default of proxy_redirect is worked out here.
  ResponseRewriter(const config::ProxyPass& proxy, const config::Location& location);

  // The new value, in the request's arena; nullopt: the line stays as it is.
  std::optional<std::string_view> redirect(Request& request, std::string_view location) const;
  std::optional<std::string_view> refresh(Request& request, std::string_view value) const;
  std::optional<std::string_view> cookie(Request& request, std::string_view set_cookie) const;
  [[nodiscard]] bool rewrites_redirects() const { return !redirects_.empty(); }
  [[nodiscard]] bool rewrites_cookies() const {
    return !domains_.empty() || !paths_.empty() || !flags_.empty();
  }

 private:
  struct Rule {
    const config::Replacement* replacement = nullptr;  // null: a default, in `from` and `to`
    std::optional<Regex> regex;
    std::string from;
    std::string to;
  };
  struct FlagRule {
    Rule cookie;
    const config::CookieFlags* flags = nullptr;
  };
  // Whether text must match from the start, or as a whole in any case.
  enum class TextMatch : std::uint8_t { prefix, domain };

  enum class Case : std::uint8_t { as_written, ignored };
  static Rule make_rule(const config::Replacement& replacement, Case letters);
  void add_default(const config::ProxyPass& proxy, const config::Location& location);
  static std::optional<std::string> apply(const std::vector<Rule>& rules, Request& request,
                                          std::string_view value, TextMatch match);
  static std::optional<std::string> apply(const Rule& rule, Request& request,
                                          std::string_view value, TextMatch match);
  [[nodiscard]] bool matches_cookie(const Rule& rule, Request& request,
                                    std::string_view name) const;
  void set_flags(Request& request, std::vector<std::string>& attributes, bool& changed) const;

  std::vector<Rule> redirects_;
  std::vector<Rule> domains_;
  std::vector<Rule> paths_;
  std::vector<FlagRule> flags_;
};

}  // namespace baton::proxy
