// Who may ask: allow and deny, a user's password, another location's word; and how these combine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/template_text.h"
#include "net/address.h"

namespace baton::config {

// A line of `allow` or `deny`. The first one that fits the client decides.
struct AccessRule {
  enum class Who : std::uint8_t { everybody, unix_socket, network } who = Who::everybody;
  net::Prefix network;
  bool allow = false;
};

// auth_request_set: what a variable becomes, seen from the subrequest that asked.
struct AuthRequestValue {
  TextPart variable;
  TemplateText value;
};

struct AccessSettings {
  std::vector<AccessRule> rules;
  bool satisfy_any = false;
  Duration auth_delay = 0s;
  // auth_basic: the realm; "off", also when a variable says so, asks nobody.
  TemplateText realm;
  TemplateText user_file;        // absolute unless it begins with a variable, ...
  std::string user_file_folder;  // ... whose value is looked for here then, if relative
  std::string auth_request;      // "": off
  std::vector<AuthRequestValue> auth_request_values;

  [[nodiscard]] bool asks_for_password() const {
    return !realm.empty() && !(realm.is_literal() && realm.literal() == "off");
  }
};

}  // namespace baton::config
