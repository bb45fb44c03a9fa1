// The problems of one configuration while it is read. They are found level by level and told in
// the order of the text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/source.h"

namespace baton::config::nginx {

class Findings {
 public:
  // `sequence` is that of the directive that the problem belongs to.
  void add(std::uint64_t sequence, Diagnostic diagnostic);

  [[nodiscard]] std::size_t size() const { return found_.size(); }
  [[nodiscard]] std::size_t errors() const { return errors_; }

  // Drops what was found after the first `count` and gives the last of these a suggestion.
  void cut(std::size_t count, std::string suggestion);

  // Tells everything and forgets it.
  void report_to(Diagnostics& diagnostics);

 private:
  struct Found {
    std::uint64_t sequence = 0;
    Diagnostic diagnostic;
    std::size_t order = 0;  // in which it was found, for those of one directive
  };

  std::vector<Found> found_;
  std::size_t errors_ = 0;
};

}  // namespace baton::config::nginx
