// sub_filter: texts of a response replaced by others, wherever the pieces of the body are cut.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "config/model/substitution.h"
#include "proxy/filters/body_filter.h"
#include "proxy/request.h"

namespace baton::proxy {

class SubstitutionFilter final : public BodyFilter {
 public:
  // Both outlive it.
  SubstitutionFilter(const config::SubstitutionSettings& settings, const Request& request);

  Status filter(std::string_view input, BodyPart part, std::string& output) override;
  // False when there is nothing to look for.
  [[nodiscard]] bool is_needed() const { return !searches_.empty(); }

 private:
  struct Search {
    std::string text;  // lower case, not empty
    const config::TemplateText* replacement;
    std::string made;  // the replacement, made when it is first needed
    bool is_made = false;
  };

  void set_first_bytes();
  Search* match_at(std::string_view bytes);
  [[nodiscard]] bool may_begin_at(std::string_view end) const;
  [[nodiscard]] std::size_t held_back(std::string_view bytes) const;
  void replace(Search& search, std::string& output);

  const Request& request_;
  bool once_;
  std::vector<Search> searches_;  // in the order of the file: the first that fits wins
  std::size_t longest_ = 0;
  std::array<bool, 256> first_bytes_{};  // what any of them begins with, in either case
  std::string held_;                     // the end of what came, which may be a beginning
};

}  // namespace baton::proxy
