// Writing a text in another charset (charset, source_charset, charset_map). Characters of UTF-8
// that the other charset does not have become numeric references of HTML ("&#9731;").
#pragma once

#include <string>

#include "config/model/charset_map.h"
#include "proxy/filters/body_filter.h"
#include "proxy/request.h"

namespace baton::proxy {

class CharsetFilter final : public BodyFilter {
 public:
  // The map outlives the filter.
  explicit CharsetFilter(config::Recoding recoding) : recoding_(recoding) {}

  Status filter(std::string_view input, BodyPart part, std::string& output) override;

 private:
  void from_utf8(std::string_view input, std::string& output);

  config::Recoding recoding_;
  std::string cut_;  // the beginning of a character whose end has not come
};

// How the body has to be recoded so that it is in the charset that its type names now. To be asked
// of a response whose Content-Type has its charset.
config::Recoding recoding_of(const Request& request);

}  // namespace baton::proxy
