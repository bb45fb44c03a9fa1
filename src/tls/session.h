// TLS 1.3 with an external pre-shared key (RFC 8446 sections 2.2 and 4.2.11), without sockets:
// bytes of the network in, bytes for the network out. The library stays behind this header.
//
// Who has no key gets no further than the first message: there are no certificates to fall back to.
// The key exchange is psk_dhe_ke, so that a key that leaks later opens no recorded session. There
// are no tickets and no early data, hence nothing that could be replayed.
//
// With one key on both sides a node could be made to talk to itself (RFC 9257 section 4.1,
// "Selfie"): who uses this exchanges names of the two ends over it and refuses its own.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tls/key.h"

namespace baton::tls {

enum class Role : std::uint8_t { client, server };

// What sessions of one key are made from.
class PskContext {
 public:
  // `identity` names the key to the other end and must be the same there.
  static Result<std::shared_ptr<PskContext>> create(const Key& key, std::string identity);
  ~PskContext();
  PskContext(const PskContext&) = delete;
  PskContext& operator=(const PskContext&) = delete;

 private:
  friend class Session;
  struct Parts;
  explicit PskContext(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class Session {
 public:
  Session(std::shared_ptr<PskContext> context, Role role);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Bytes that came from the network.
  void feed(std::string_view bytes);
  // Takes the handshake as far as the bytes go; is_established() tells whether it is over.
  Status advance();
  [[nodiscard]] bool is_established() const { return established_; }
  // Plain bytes; 0: the network has to bring more first. `closed` after the other end's last word.
  Result<std::size_t> read(std::span<char> into);
  // Encrypts all of `bytes`; is_established() must hold.
  Status write(std::string_view bytes);
  // What has to be sent now, in order; empty when there is nothing.
  std::string take_output();

 private:
  struct Parts;
  std::shared_ptr<PskContext> context_;
  std::unique_ptr<Parts> parts_;
  bool established_ = false;
};

}  // namespace baton::tls
