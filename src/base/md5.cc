// OpenSSL's old functions: one call, no allocation, no lookup of a provider for every digest. They
// are marked as deprecated because MD5 is weak, which does not matter here.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "base/md5.h"

#include <openssl/md5.h>

namespace baton {

Md5 md5(std::string_view text) {
  return md5({text});
}

Md5 md5(std::initializer_list<std::string_view> parts) {
  Md5 digest;
  MD5_CTX state;
  MD5_Init(&state);
  for (const std::string_view part : parts) MD5_Update(&state, part.data(), part.size());
  MD5_Final(digest.data(), &state);
  return digest;
}

}  // namespace baton
