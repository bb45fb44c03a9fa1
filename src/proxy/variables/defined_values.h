// What a request knows of the configuration's own variables (config/model/variable.h): a slot for
// each place in Proxy::variables, made when the first one is written. A request that uses none has
// none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/model/template_text.h"

namespace baton::proxy {

struct Request;

// Values that have to be worked out: by the tables of a configuration (defined_variables.h), and of
// modules whose variables are asked for rarely. Behind an interface because values are made of
// values.
class VariableSource {
 public:
  VariableSource() = default;
  VariableSource(const VariableSource&) = delete;
  VariableSource& operator=(const VariableSource&) = delete;
  virtual ~VariableSource() = default;
  // Appends the value of the variable at `index` of config::Proxy::variables; false: missing.
  virtual bool append(std::string& into, std::uint16_t index, const Request& request) const = 0;
  // The same for a variable of a module.
  virtual bool append_module(std::string& into, config::Variable variable,
                             const Request& request) const = 0;
  // The place of a name in config::Proxy::variables; -1: none.
  [[nodiscard]] virtual std::int32_t find(std::string_view name) const = 0;
};

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
