// The OpenSSL side of a session.

#include "tls/session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/assert.h"

namespace baton::tls {

namespace {

struct Deleter {
  void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { ::SSL_SESSION_free(session); }
};

// TLS_AES_128_GCM_SHA256; its hash is the one that the key belongs to.
constexpr unsigned char cipher_id[] = {0x13, 0x01};

}  // namespace

struct PskContext::Parts {
  Key key;
  std::string identity;
  std::unique_ptr<SSL_CTX, Deleter> client;
  std::unique_ptr<SSL_CTX, Deleter> server;

  ~Parts() { ::OPENSSL_cleanse(key.bytes.data(), key.bytes.size()); }

  // The pre-shared key in the form that OpenSSL wants it; null when memory is short.
  SSL_SESSION* make_session(SSL* ssl) const {
    std::unique_ptr<SSL_SESSION, Deleter> session(::SSL_SESSION_new());
    const SSL_CIPHER* cipher = ::SSL_CIPHER_find(ssl, cipher_id);
    if (!session || !cipher) return nullptr;
    if (::SSL_SESSION_set1_master_key(session.get(), key.bytes.data(), key.bytes.size()) != 1 ||
        ::SSL_SESSION_set_cipher(session.get(), cipher) != 1 ||
        ::SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION) != 1) {
      return nullptr;
    }
    return session.release();
  }

  static const Parts& of(SSL* ssl) {
    return *static_cast<const Parts*>(SSL_CTX_get_app_data(::SSL_get_SSL_CTX(ssl)));
  }

  static int use_session(SSL* ssl, const EVP_MD* hash, const unsigned char** id, std::size_t* size,
                         SSL_SESSION** session) {
    const Parts& parts = of(ssl);
    *session = nullptr;
    *id = nullptr;
    *size = 0;
    // A second hello for another hash would be one without the key.
    if (hash && ::EVP_MD_get_type(hash) != NID_sha256) return 0;
    *session = parts.make_session(ssl);
    if (!*session) return 0;
    *id = reinterpret_cast<const unsigned char*>(parts.identity.data());
    *size = parts.identity.size();
    return 1;
  }

  static int find_session(SSL* ssl, const unsigned char* id, std::size_t size,
                          SSL_SESSION** session) {
    const Parts& parts = of(ssl);
    *session = nullptr;
    if (std::string_view(reinterpret_cast<const char*>(id), size) != parts.identity) return 1;
    *session = parts.make_session(ssl);
    return *session ? 1 : 0;
  }

  bool prepare(SSL_CTX* context) {
    if (!context) return false;
    SSL_CTX_set_app_data(context, this);
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_max_early_data(context, 0);
    return ::SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           ::SSL_CTX_set_num_tickets(context, 0) == 1 &&
           ::SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") == 1;
  }
};

Result<std::shared_ptr<PskContext>> PskContext::create(const Key& key, std::string identity) {
  auto parts = std::make_unique<Parts>();
  parts->key = key;
  parts->identity = std::move(identity);
  parts->client.reset(::SSL_CTX_new(::TLS_client_method()));
  parts->server.reset(::SSL_CTX_new(::TLS_server_method()));
  if (!parts->prepare(parts->client.get()) || !parts->prepare(parts->server.get())) {
    return fail(ErrorKind::unavailable, "TLS library");
  }
  // A server that shows a certificate instead of knowing the key is nobody we know.
  ::SSL_CTX_set_verify(parts->client.get(), SSL_VERIFY_PEER, nullptr);
  ::SSL_CTX_set_psk_use_session_callback(parts->client.get(), &Parts::use_session);
  ::SSL_CTX_set_psk_find_session_callback(parts->server.get(), &Parts::find_session);
  return std::shared_ptr<PskContext>(new PskContext(std::move(parts)));
}

PskContext::PskContext(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
PskContext::~PskContext() = default;

struct Session::Parts {
  std::unique_ptr<SSL, Deleter> ssl;
  BIO* in = nullptr;   // owned by ssl
  BIO* out = nullptr;  // owned by ssl

  // What a result below 1 means; success: come again with more bytes.
  Status judge(int result) const {
    const int cause = ::SSL_get_error(ssl.get(), result);
    ::ERR_clear_error();
    if (cause == SSL_ERROR_WANT_READ || cause == SSL_ERROR_WANT_WRITE) return {};
    if (cause == SSL_ERROR_ZERO_RETURN) return fail(ErrorKind::closed, "TLS");
    return fail(ErrorKind::malformed, "TLS");
  }
};

Session::Session(std::shared_ptr<PskContext> context, Role role)
    : context_(std::move(context)), parts_(std::make_unique<Parts>()) {
  auto& contexts = *context_->parts_;
  const bool is_client = role == Role::client;
  parts_->ssl.reset(::SSL_new(is_client ? contexts.client.get() : contexts.server.get()));
  parts_->in = ::BIO_new(::BIO_s_mem());
  parts_->out = ::BIO_new(::BIO_s_mem());
  BATON_ASSERT(parts_->ssl && parts_->in && parts_->out);
  // An empty buffer means "later", not "the end".
  BIO_set_mem_eof_return(parts_->in, -1);
  BIO_set_mem_eof_return(parts_->out, -1);
  ::SSL_set_bio(parts_->ssl.get(), parts_->in, parts_->out);
  if (is_client) {
    ::SSL_set_connect_state(parts_->ssl.get());
  } else {
    ::SSL_set_accept_state(parts_->ssl.get());
  }
}

Session::~Session() = default;

void Session::feed(std::string_view bytes) {
  const int taken = ::BIO_write(parts_->in, bytes.data(), static_cast<int>(bytes.size()));
  BATON_ASSERT(taken == static_cast<int>(bytes.size()));
}

Status Session::advance() {
  if (established_) return {};
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(parts_->ssl.get());
  if (result != 1) return parts_->judge(result);
  // Anything but our key would have needed a certificate; that there is none is checked again.
  if (::SSL_session_reused(parts_->ssl.get()) != 1) return fail(ErrorKind::malformed, "TLS key");
  established_ = true;
  return {};
}

Result<std::size_t> Session::read(std::span<char> into) {
  ::ERR_clear_error();
  std::size_t count = 0;
  const int result = ::SSL_read_ex(parts_->ssl.get(), into.data(), into.size(), &count);
  if (result == 1) return count;
  if (const Status judged = parts_->judge(result); !judged) return std::unexpected(judged.error());
  return std::size_t{0};
}

Status Session::write(std::string_view bytes) {
  BATON_ASSERT(established_);
  if (bytes.empty()) return {};
  ::ERR_clear_error();
  std::size_t count = 0;
  const int result = ::SSL_write_ex(parts_->ssl.get(), bytes.data(), bytes.size(), &count);
  if (result == 1 && count == bytes.size()) return {};
  return fail(ErrorKind::malformed, "TLS write");
}

std::string Session::take_output() {
  std::string bytes(BIO_ctrl_pending(parts_->out), '\0');
  if (bytes.empty()) return bytes;
  const int count = ::BIO_read(parts_->out, bytes.data(), static_cast<int>(bytes.size()));
  BATON_ASSERT(count == static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace baton::tls
