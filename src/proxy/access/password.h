// Does a password fit what a password file keeps of it: crypt(3) in all its forms (bcrypt, SHA-2,
// MD5, ...), Apache's "$apr1$", and "{SHA}", "{SSHA}", "{PLAIN}" of LDAP.
#pragma once

#include <string>
#include <string_view>

namespace baton::proxy {

// True when working it out takes so long (bcrypt: a tenth of a second and more) that other requests
// should not wait for it.
bool is_slow_password_hash(std::string_view stored);

bool password_fits(const std::string& stored, const std::string& password);

}  // namespace baton::proxy
