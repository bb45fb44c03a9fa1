// The names of the configuration's own variables. They are gathered before anything else is read,
// because a variable may be used before the directive that makes it; handlers then find the
// definition here and fill it in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model/variable.h"
#include "config/nginx/parser.h"

namespace baton::config::nginx {

class VariableNames {
 public:
  // Every name that the tree of directives makes, in the order of the text.
  void collect(const std::vector<Directive>& directives);

  // The place of a name in Proxy::variables.
  [[nodiscard]] std::optional<std::uint16_t> find(std::string_view name) const;
  // The definition at a place, to be filled in.
  [[nodiscard]] VariableDefinition& at(std::uint16_t index) { return *definitions_[index]; }
  // True for names that only a refused directive makes: one message is enough.
  [[nodiscard]] bool is_refused(const std::string& name) const { return refused_.contains(name); }
  // More names than a request can hold values of.
  [[nodiscard]] bool too_many() const { return too_many_; }

  [[nodiscard]] std::vector<std::shared_ptr<const VariableDefinition>> all() const {
    return {definitions_.begin(), definitions_.end()};
  }

 private:
  void collect_one(const Directive& directive);
  void collect_captures(std::string_view pattern);
  void add_written(const std::string& word, VariableDefinition::Kind kind);
  void add(const std::string& name, VariableDefinition::Kind kind);

  std::vector<std::shared_ptr<VariableDefinition>> definitions_;
  std::unordered_map<std::string, std::uint16_t, VariableTextHash, std::equal_to<>> places_;
  std::unordered_map<std::string, bool> refused_;
  bool too_many_ = false;
};

}  // namespace baton::config::nginx
