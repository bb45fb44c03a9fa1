// The Date header's text, made anew only when the second changes. One per thread: the views that
// it hands out are good until its next call.
#pragma once

#include <chrono>
#include <string_view>

#include "base/time.h"
#include "http/date.h"

namespace baton::http {

class DateCache {
 public:
  std::string_view text(WallTime now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {
      second_ = second;
      text_ = format_date(second);
    }
    return text_.view();
  }

 private:
  std::chrono::sys_seconds second_ = std::chrono::sys_seconds::min();
  DateText text_{};
};

}  // namespace baton::http
