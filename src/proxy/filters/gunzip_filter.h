// Unpacking a gzip body (RFC 1952) for a client that does not take gzip. A few bytes may hold a
// thousand times as many, so the output of one call is bounded; the rest comes by calling again.
#pragma once

#include <memory>

#include "proxy/filters/body_filter.h"

namespace baton::proxy {

class GunzipFilter final : public BodyFilter {
 public:
  GunzipFilter();
  ~GunzipFilter() override;

  Status filter(std::string_view input, BodyPart part, std::string& output) override;
  [[nodiscard]] bool has_more() const override { return has_more_; }

 private:
  struct Inflate;
  bool inflate_some(std::string& output, std::size_t room);

  std::unique_ptr<Inflate> inflate_;
  std::string waiting_;  // input that was not looked at when the output was full
  bool finished_ = false;
  bool has_more_ = false;
};

}  // namespace baton::proxy
