// Changing settings that levels share. A nested level inherits a topic's settings by sharing them;
// the first directive of that topic on it makes a copy.
#pragma once

#include <memory>

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// The settings behind `shared`, to be changed: a fresh copy, or the defaults where nothing had been
// said. Good until the next edit of the same pointer.
template <typename Settings>
Settings& edit(std::shared_ptr<const Settings>& shared) {
  auto copy = shared ? std::make_shared<Settings>(*shared) : std::make_shared<Settings>();
  Settings& changeable = *copy;
  shared = std::move(copy);
  return changeable;
}

}  // namespace baton::config::nginx

// Gives setters.h (set_switch<&Topic::member> and friends) the way to a topic's settings. Used once
// for each topic, in the file of its table, outside of any namespace.
// NOLINTBEGIN(bugprone-macro-parentheses): the name of a type cannot stand in parentheses.
#define BATON_TOPIC_SETTINGS(Topic, member)                             \
  namespace baton::config::nginx {                                      \
  [[maybe_unused]] inline Topic& target(Reader& reader, const Topic*) { \
    return edit(reader.level().location.member);                        \
  }                                                                     \
  }  // namespace baton::config::nginx
// NOLINTEND(bugprone-macro-parentheses)
