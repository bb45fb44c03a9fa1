// What changes a response's body on its way to the client (gzip, gunzip, SSI, substitutions ...),
// and the chain of those that one response wants.
//
// A filter is a plain function over bytes: it may hold some back until more come, and gives all it
// has at the end. It is made when the response's head is complete but not written, so that it can
// still change header lines (Content-Encoding, Content-Length, ETag). The order of the chain is
// nginx's; body_filters.cc is the one place that knows it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::proxy {

enum class BodyPart : std::uint8_t {
  more,   // further bytes follow
  flush,  // what was held back should go out now: the source paused
  last,   // the end of the body
};

class BodyFilter {
 public:
  BodyFilter() = default;
  BodyFilter(const BodyFilter&) = delete;
  BodyFilter& operator=(const BodyFilter&) = delete;
  virtual ~BodyFilter() = default;

  // Appends to `output` what comes of `input`. An error ends the response where it is.
  virtual Status filter(std::string_view input, BodyPart part, std::string& output) = 0;
  // True after a call whose output was bounded: another one, without input, gives more.
  [[nodiscard]] virtual bool has_more() const { return false; }
  // True for what only stands where a page is put together from several (page.h).
  [[nodiscard]] virtual bool is_page_place() const { return false; }
};

}  // namespace baton::proxy
