// The forms of stored passwords. Comparisons take the same time wherever the texts differ.

#include "proxy/access/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/base64.h"
#include "base/md5.h"

namespace baton::proxy {

namespace {

constexpr std::string_view apr1_prefix = "$apr1$";
constexpr std::string_view plain_prefix = "{PLAIN}";
constexpr std::string_view sha_prefix = "{SHA}";
constexpr std::string_view salted_sha_prefix = "{SSHA}";
constexpr std::size_t sha1_bytes = 20;

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view text_of(const Md5& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Six bits a character, least significant first.
void append_apr1_digits(std::string& into, std::uint32_t bits, int count) {
  constexpr std::string_view digits =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  for (int i = 0; i < count; ++i, bits >>= 6) into += digits[bits & 0x3f];
}

// The first round mixes the digest in by the password's length, in a way that only its inventor
// could explain.
Md5 apr1_start(std::string_view password, std::string_view salt) {
  const Md5 alternate = md5({password, salt, password});
  std::string input;
  input.append(password).append(apr1_prefix).append(salt);
  for (std::size_t left = password.size(); left > 0;) {
    const std::size_t part = std::min(left, alternate.size());
    input.append(text_of(alternate).substr(0, part));
    left -= part;
  }
  for (std::size_t bits = password.size(); bits > 0; bits >>= 1) {
    input += (bits & 1) != 0 ? '\0' : password[0];
  }
  return md5(input);
}

// Apache's variant of the MD5 crypt: a thousand rounds.
std::string apr1(std::string_view password, std::string_view salt) {
  Md5 digest = apr1_start(password, salt);
  std::string input;
  for (int round = 0; round < 1000; ++round) {
    input.clear();
    const std::string_view before = text_of(digest);
    input.append((round & 1) != 0 ? password : before);
    if (round % 3 != 0) input.append(salt);
    if (round % 7 != 0) input.append(password);
    input.append((round & 1) != 0 ? before : password);
    digest = md5(input);
  }
  std::string result(apr1_prefix);
  result.append(salt).append("$");
  constexpr std::array<std::array<std::size_t, 3>, 5> groups{
      {{0, 6, 12}, {1, 7, 13}, {2, 8, 14}, {3, 9, 15}, {4, 10, 5}}};
  for (const auto& group : groups) {
    append_apr1_digits(result,
                       std::uint32_t{digest[group[0]]} << 16 |
                           std::uint32_t{digest[group[1]]} << 8 | digest[group[2]],
                       4);
  }
  append_apr1_digits(result, digest[11], 2);
  return result;
}

bool fits_apr1(std::string_view stored, std::string_view password) {
  std::string_view salt = stored.substr(apr1_prefix.size());
  salt = salt.substr(0, std::min<std::size_t>(salt.find('$'), 8));
  return equal(apr1(password, salt), stored);
}

// {SHA}: the digest in base64. {SSHA}: digest and, behind it, the salt that was hashed along.
bool fits_sha(std::string_view encoded, std::string_view password, bool salted) {
  const auto bytes = decode_base64(encoded);
  if (!bytes || bytes->size() < sha1_bytes || (!salted && bytes->size() != sha1_bytes))
    return false;
  const std::string input = std::string(password) + bytes->substr(sha1_bytes);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::EVP_Digest(input.data(), input.size(), digest.data(), &size, ::EVP_sha1(), nullptr) != 1) {
    return false;
  }
  return equal({reinterpret_cast<const char*>(digest.data()), size},
               std::string_view(*bytes).substr(0, sha1_bytes));
}

bool fits_crypt(const std::string& stored, const std::string& password) {
  if (password.contains('\0')) return false;  // crypt would look at the part before it only
  // Some ten kilobytes of scratch memory, of each thread that needs it.
  thread_local const auto scratch = std::make_unique<crypt_data>();
  const char* const made = ::crypt_r(password.c_str(), stored.c_str(), scratch.get());
  return made != nullptr && made[0] != '*' && equal(made, stored);
}

}  // namespace

bool is_slow_password_hash(std::string_view stored) {
  return !stored.starts_with(plain_prefix) && !stored.starts_with(sha_prefix) &&
         !stored.starts_with(salted_sha_prefix);
}

bool password_fits(const std::string& stored, const std::string& password) {
  const std::string_view text = stored;
  if (text.starts_with(apr1_prefix)) return fits_apr1(text, password);
  if (text.starts_with(plain_prefix)) return equal(text.substr(plain_prefix.size()), password);
  if (text.starts_with(sha_prefix)) {
    return fits_sha(text.substr(sha_prefix.size()), password, false);
  }
  if (text.starts_with(salted_sha_prefix)) {
    return fits_sha(text.substr(salted_sha_prefix.size()), password, true);
  }
  return fits_crypt(stored, password);
}

}  // namespace baton::proxy
