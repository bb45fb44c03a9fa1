// MD5 by OpenSSL, printed.

#include "base/hex_digest.h"

#include <openssl/evp.h>

#include "base/assert.h"

namespace baton {

std::string md5_text(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  BATON_ASSERT(EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr) == 1);
  std::string printed;
  for (unsigned int i = 0; i < size; ++i) {
    printed += digits[digest[i] >> 4];
    printed += digits[digest[i] & 15];
  }
  return printed;
}

}  // namespace baton
