// The one place where privileges are looked up and given away: the proxy becomes the user of
// nginx.conf, the failover process keeps NET_ADMIN and NET_RAW, scripts become script_user.
// All functions that change something are for a freshly forked child.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"

namespace baton::supervisor {

struct Account {
  std::string user;
  uid_t uid = 0;
  gid_t gid = 0;
};

// The account that `user` and `group` of nginx.conf name; an empty group is the user's own or, as
// nginx has it, the group of the user's name. `problem` gets nginx's words on failure, e.g.
// `getpwnam("www") failed`.
std::optional<Account> find_account(const std::string& user, const std::string& group,
                                    std::string& problem);
// The user when nginx.conf names none: nobody, with nogroup or nobody.
std::optional<Account> default_account(std::string& problem);

// Becomes `account` for good, with its supplementary groups; executed programs cannot get more.
// Does nothing unless root.
Status become(const Account& account);
// Stays root in name, keeps NET_ADMIN and NET_RAW and loses all other capabilities, also those that
// an executed program could get. Does nothing unless root.
Status keep_network_capabilities();
// Becomes uid/gid for good, with the user's own supplementary groups when `user` is known. What
// scripts run under. Does nothing when the process is not root.
Status become_script_user(const std::string& user, uid_t uid, gid_t gid);

// Raises (or lowers) RLIMIT_NOFILE.
Status set_descriptor_limit(rlim_t limit);

}  // namespace baton::supervisor
