// Server side includes at work: the commands of one page, with the variables, blocks and captures
// that all pages of a client's request share.
//
// It computes only. An include needs a subrequest, so run() stops there and tells which one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model/ssi.h"
#include "proxy/exchange.h"
#include "proxy/filters/ssi_parser.h"

namespace baton::proxy {

// Shared by a request and its subrequests.
struct SsiState {
  std::unordered_map<std::string, std::string> variables;  // names in lower case
  std::unordered_map<std::string, std::string> blocks;
  std::vector<std::string> captures;  // of the last regular expression that matched
};

struct SsiInclude {
  std::string uri;  // decoded and normalised
  std::string args;
  std::optional<std::string> variable;  // set="...": what comes is not shown but kept
  std::optional<std::string> stub;      // text to show instead of an error or of nothing
};

class Ssi {
 public:
  // Both outlive it.
  Ssi(Exchange& exchange, const config::SsiSettings& settings)
      : exchange_(exchange), settings_(settings), parser_(settings.value_bytes_max) {}

  // The next bytes of the page; run() has used up those before.
  void feed(std::string_view bytes) { parser_.feed(bytes); }
  // Appends to `output` until the bytes are used up, or an include is due.
  std::optional<SsiInclude> run(bool at_end, std::string& output);

  // What stands in the place of a command that failed.
  [[nodiscard]] std::string_view error_text() const {
    return settings_.silent_errors ? std::string_view{} : error_text_;
  }
  [[nodiscard]] SsiState& state();

 private:
  // An `if` that is open: whether its present branch is shown.
  struct Condition {
    bool outer_shown = true;
    bool shown = false;
    bool decided = false;  // a branch of it has been shown
  };
  enum class Outcome : unsigned char { done, failed };
  enum class Encoding : unsigned char { none, url, entity };

  [[nodiscard]] bool shows() const { return conditions_.empty() || conditions_.back().shown; }
  Outcome obey(const SsiPiece& piece, std::string& output, std::optional<SsiInclude>& include);
  Outcome obey_condition(const SsiPiece& piece);
  Outcome include_page(const SsiPiece& piece, std::optional<SsiInclude>& include);
  Outcome echo(const SsiPiece& piece, std::string& output);
  void choose_encoding(std::string_view name);
  Outcome wrong(std::string_view message);
  std::optional<bool> is_true(std::string_view expression);
  std::string evaluate(std::string_view text);
  std::optional<std::string> variable(std::string_view name);
  std::string date(bool local) const;
  bool resolve_uri(std::string text, SsiInclude& include);
  void keep_block(const SsiPiece& piece);

  Exchange& exchange_;
  const config::SsiSettings& settings_;
  SsiParser parser_;
  std::vector<Condition> conditions_;
  std::optional<std::string> block_;  // the name of the block that is being read
  bool block_is_new_ = false;
  Encoding encoding_ = Encoding::entity;
  std::string error_text_ = "[an error occurred while processing the directive]";
  std::string time_format_ = "%A, %d-%b-%Y %H:%M:%S %Z";
};

}  // namespace baton::proxy
