// Accounts by getpwnam and getgrnam, identities by setresuid, capabilities by libcap-ng.

#include "supervisor/privileges.h"

#include <cap-ng.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace baton::supervisor {

namespace {

Status become_ids(const std::string& user, uid_t uid, gid_t gid) {
  // Groups first: afterwards there is no right left to change them.
  const int groups = user.empty() ? ::setgroups(0, nullptr) : ::initgroups(user.c_str(), gid);
  if (groups != 0) return fail_errno(errno, "initgroups");
  if (::setresgid(gid, gid, gid) != 0) return fail_errno(errno, "setgid");
  if (::setresuid(uid, uid, uid) != 0) return fail_errno(errno, "setuid");
  return {};
}

// No program that this process may ever execute, setuid or not, gets more rights than it has.
Status renounce_new_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno(errno, "no_new_privs");
  return {};
}

}  // namespace

std::optional<Account> find_account(const std::string& user, const std::string& group,
                                    std::string& problem) {
  const passwd* entry = ::getpwnam(user.c_str());
  if (!entry) {
    problem = fmt::format("getpwnam(\"{}\") failed", user);
    return std::nullopt;
  }
  Account account{user, entry->pw_uid, entry->pw_gid};
  const std::string& group_name = group.empty() ? user : group;
  if (const struct group* found = ::getgrnam(group_name.c_str())) {
    account.gid = found->gr_gid;
  } else if (!group.empty()) {
    problem = fmt::format("getgrnam(\"{}\") failed", group);
    return std::nullopt;
  }
  return account;
}

std::optional<Account> default_account(std::string& problem) {
  const bool has_nogroup = ::getgrnam("nogroup") != nullptr;
  return find_account("nobody", has_nogroup ? "nogroup" : "", problem);
}

Status become(const Account& account) {
  if (::geteuid() != 0) return {};
  const Status became = become_ids(account.user, account.uid, account.gid);
  if (!became) return became;
  return renounce_new_privileges();
}

Status keep_network_capabilities() {
  if (::geteuid() != 0) return {};
  ::capng_clear(CAPNG_SELECT_BOTH);
  const auto kept = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);
  ::capng_updatev(CAPNG_ADD, kept, CAP_NET_ADMIN, CAP_NET_RAW, -1);
  // The bounding set matters to executed programs only, and a container may have taken the right
  // to touch it: what counts is the process's own sets.
  static_cast<void>(::capng_apply(CAPNG_SELECT_BOUNDS));
  if (::capng_apply(CAPNG_SELECT_CAPS) != 0) return fail_errno(errno, "capset");
  return renounce_new_privileges();
}

Status become_script_user(const std::string& user, uid_t uid, gid_t gid) {
  if (::geteuid() != 0 || (uid == 0 && gid == 0)) return {};
  return become_ids(user, uid, gid);
}

Status set_descriptor_limit(rlim_t limit) {
  rlimit value{limit, limit};
  if (::setrlimit(RLIMIT_NOFILE, &value) != 0) return fail_errno(errno, "setrlimit(RLIMIT_NOFILE)");
  return {};
}

}  // namespace baton::supervisor
