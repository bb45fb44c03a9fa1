// Calling the library.

#include "linux/nftables.h"

#include <nftables/libnftables.h>

namespace baton::linux {

void Nftables::Deleter::operator()(nft_ctx* context) const {
  ::nft_ctx_free(context);
}

Result<Nftables> Nftables::open() {
  nft_ctx* context = ::nft_ctx_new(NFT_CTX_DEFAULT);
  if (!context) return fail(ErrorKind::unavailable, "libnftables");
  ::nft_ctx_buffer_output(context);
  ::nft_ctx_buffer_error(context);
  return Nftables(context);
}

Status Nftables::run(const std::string& commands) {
  const int result = ::nft_run_cmd_from_buffer(context_.get(), commands.c_str());
  const char* said = ::nft_ctx_get_error_buffer(context_.get());
  problem_ = said ? said : "";
  ::nft_ctx_get_output_buffer(context_.get());
  if (result == 0) return {};
  return fail(ErrorKind::unavailable, "nftables");
}

}  // namespace baton::linux
