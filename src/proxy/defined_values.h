// What a request knows of the configuration's own variables (config/model/variable.h): a slot for
// each place in Proxy::variables, made when the first one is written. A request that uses none has
// none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace baton::proxy {

class DefinedValues {
 public:
  enum class State : std::uint8_t { unknown, missing, known };
  struct Value {
    std::string_view text;
    State state = State::unknown;
  };

  [[nodiscard]] Value find(std::size_t index) const {
    return index < values_.size() ? values_[index] : Value{};
  }
  // `text` stays where it is until reset(): in the request's arena, say.
  void assign(std::size_t index, std::string_view text) { put(index, {text, State::known}); }
  void forget() { values_.clear(); }

  // Values made of values: how deep the present one is.
  int depth = 0;

 private:
  void put(std::size_t index, Value value) {
    if (index >= values_.size()) values_.resize(index + 1);
    values_[index] = value;
  }
  std::vector<Value> values_;
};

}  // namespace baton::proxy
