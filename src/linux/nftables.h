// Has the kernel's packet filter do what a text of nftables commands says, all of it or nothing.
// The library is libnftables; its socket stays open, so that tables with the flag `owner` live as
// long as this object.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct nft_ctx;

namespace baton::linux {

class Nftables {
 public:
  static Result<Nftables> open();

  // Fails with `unavailable`; why is in last_problem().
  Status run(const std::string& commands);
  [[nodiscard]] const std::string& last_problem() const { return problem_; }

 private:
  struct Deleter {
    void operator()(nft_ctx* context) const;
  };
  explicit Nftables(nft_ctx* context) : context_(context) {}
  std::unique_ptr<nft_ctx, Deleter> context_;
  std::string problem_;
};

}  // namespace baton::linux
