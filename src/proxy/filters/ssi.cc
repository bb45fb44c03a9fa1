// The commands.

#include "proxy/filters/ssi.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/text.h"
#include "config/model/variable.h"
#include "config/nginx/variables.h"
#include "http/uri.h"
#include "proxy/routing/regex.h"
#include "proxy/variables/variables.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

// What one request may keep; more is forgotten.
constexpr std::size_t kept_bytes_max = std::size_t{1} << 20;
constexpr std::size_t kept_names_max = 1024;

bool is_name_character(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '_';
}

void append_for_html(std::string& into, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        into += "&amp;";
        break;
      case '<':
        into += "&lt;";
        break;
      case '>':
        into += "&gt;";
        break;
      case '"':
        into += "&quot;";
        break;
      default:
        into += c;
    }
  }
}

// What a URL may not hold in an attribute of a page.
void append_for_url(std::string& into, std::string_view text) {
  constexpr std::string_view special = " \"#%'<>\\^`{|}";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || special.find(c) != std::string_view::npos) {
      fmt::format_to(std::back_inserter(into), "%{:02X}", byte);
    } else {
      into += c;
    }
  }
}

// The folder of a URI, with its slash.
std::string_view folder_of(std::string_view uri) {
  return uri.substr(0, uri.rfind('/') + 1);
}

void skip_spaces(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

}  // namespace

SsiState& Ssi::state() {
  std::shared_ptr<SsiState>& state = exchange_.outermost().ssi_state;
  if (!state) state = std::make_shared<SsiState>();
  return *state;
}

std::optional<SsiInclude> Ssi::run(bool at_end, std::string& output) {
  std::optional<SsiInclude> include;
  while (!include) {
    const SsiPiece piece = parser_.next(at_end);
    if (piece.kind == SsiPiece::Kind::none) break;
    if (block_) {
      keep_block(piece);
      continue;
    }
    if (piece.kind == SsiPiece::Kind::text) {
      if (shows()) output += piece.text;
      continue;
    }
    const bool conditional =
        piece.name == "if" || piece.name == "elif" || piece.name == "else" || piece.name == "endif";
    if (!shows() && !(conditional && piece.kind == SsiPiece::Kind::command)) continue;
    const Outcome outcome =
        piece.kind == SsiPiece::Kind::broken ? wrong(piece.problem) : obey(piece, output, include);
    if (outcome == Outcome::failed) output += error_text();
  }
  return include;
}

// Inside a block nothing is obeyed: its text is kept, and read where it is used.
void Ssi::keep_block(const SsiPiece& piece) {
  if (piece.kind == SsiPiece::Kind::command && piece.name == "endblock") {
    block_.reset();
    return;
  }
  if (!block_is_new_) return;
  std::string& text = state().blocks[*block_];
  if (text.size() + piece.text.size() <= kept_bytes_max) text += piece.text;
}

Ssi::Outcome Ssi::wrong(std::string_view message) {
  exchange_.services.error_log.write(LogLevel::error, exchange_.request, message,
                                     "sending response to client");
  return Outcome::failed;
}

Ssi::Outcome Ssi::obey(const SsiPiece& piece, std::string& output,
                       std::optional<SsiInclude>& include) {
  if (piece.name == "include") return include_page(piece, include);
  if (piece.name == "echo") return echo(piece, output);
  if (piece.name == "config") {
    if (const std::string* text = piece.find("errmsg")) error_text_ = *text;
    if (const std::string* format = piece.find("timefmt")) time_format_ = *format;
    return Outcome::done;
  }
  if (piece.name == "set") {
    std::string value = evaluate(*piece.find("value"));
    SsiState& shared = state();
    const std::string name = lowered(*piece.find("var"));
    if (shared.variables.size() < kept_names_max || shared.variables.contains(name)) {
      shared.variables.insert_or_assign(name, std::move(value));
    }
    return Outcome::done;
  }
  if (piece.name == "block") {
    auto& blocks = state().blocks;
    const std::string& name = *piece.find("name");
    if (blocks.size() >= kept_names_max && !blocks.contains(name)) {
      return wrong("too many blocks");
    }
    block_is_new_ = blocks.try_emplace(name).second;  // of two of one name the first counts
    block_ = name;
    return Outcome::done;
  }
  if (piece.name == "endblock") return wrong("invalid context of SSI command: \"endblock\"");
  return obey_condition(piece);
}

Ssi::Outcome Ssi::obey_condition(const SsiPiece& piece) {
  if (piece.name == "if") {
    Condition condition;
    condition.outer_shown = shows();
    const std::optional<bool> truth =
        condition.outer_shown ? is_true(*piece.find("expr")) : std::optional(false);
    if (!truth) return Outcome::failed;
    condition.shown = condition.decided = *truth;
    conditions_.push_back(condition);
    return Outcome::done;
  }
  if (conditions_.empty()) {
    return wrong(fmt::format("invalid context of SSI command: \"{}\"", piece.name));
  }
  Condition& condition = conditions_.back();
  if (piece.name == "endif") {
    conditions_.pop_back();
    return Outcome::done;
  }
  if (!condition.outer_shown || condition.decided) {
    condition.shown = false;
    return Outcome::done;
  }
  const std::optional<bool> truth =
      piece.name == "else" ? std::optional(true) : is_true(*piece.find("expr"));
  condition.shown = condition.decided = truth.value_or(false);
  return truth ? Outcome::done : Outcome::failed;
}

// "$a", "$a = text", "$a != /regex/". nullopt: told.
std::optional<bool> Ssi::is_true(std::string_view expression) {
  const auto invalid = [&] {
    wrong(fmt::format("invalid expression in \"{}\"", expression));
    return std::optional<bool>{};
  };
  std::size_t length = 0;
  constexpr std::string_view allowed = "${}\"'";
  while (length < expression.size() && (is_name_character(expression[length]) ||
                                        allowed.find(expression[length]) != std::string::npos)) {
    ++length;
  }
  const std::string left = evaluate(expression.substr(0, length));
  std::string_view rest = expression.substr(length);
  skip_spaces(rest);
  if (rest.empty()) return !left.empty();
  const bool negated = rest.starts_with("!=");
  if (!negated && !rest.starts_with('=')) return invalid();
  rest.remove_prefix(negated ? 2 : 1);
  skip_spaces(rest);
  if (!rest.starts_with('/')) return (left == evaluate(rest)) != negated;
  if (rest.size() < 2 || !rest.ends_with('/')) return invalid();
  const std::string pattern(rest.substr(1, rest.size() - 2));
  const auto regex = Regex::compile(pattern, false);
  if (!regex) {
    wrong(fmt::format("invalid regex \"{}\"", pattern));
    return std::nullopt;
  }
  std::vector<Capture> captures;
  const bool matched = regex->match(left, captures);
  if (matched) {
    SsiState& shared = state();
    shared.captures.clear();
    for (const Capture& capture : captures) {
      shared.captures.emplace_back(capture.text);
      if (capture.name.empty()) continue;
      shared.variables.insert_or_assign(lowered(capture.name), std::string(capture.text));
    }
  }
  return matched != negated;
}

Ssi::Outcome Ssi::include_page(const SsiPiece& piece, std::optional<SsiInclude>& include) {
  const std::string* uri = piece.find("virtual");
  const std::string* file = piece.find("file");
  const std::string* wait = piece.find("wait");
  const std::string* variable_name = piece.find("set");
  const std::string* stub = piece.find("stub");
  if (uri && file) {
    return wrong(fmt::format("inclusion may be either virtual=\"{}\" or file=\"{}\"", *uri, *file));
  }
  if (!uri && !file) return wrong("no parameter in \"include\" SSI command");
  if (variable_name && stub) {
    return wrong("\"set\" and \"stub\" cannot be used together in \"include\" SSI command");
  }
  if (wait && *wait != "yes" && *wait != "no") {
    return wrong(fmt::format("invalid value \"{}\" in the \"wait\" parameter", *wait));
  }
  SsiInclude wanted;
  if (stub) {
    const auto block = state().blocks.find(*stub);
    if (block == state().blocks.end()) {
      return wrong(fmt::format("\"stub\"=\"{}\" for \"include\" not found", *stub));
    }
    wanted.stub = block->second;
  }
  if (variable_name) wanted.variable = lowered(*variable_name);
  if (!resolve_uri(evaluate(uri ? *uri : *file), wanted)) return Outcome::failed;
  include = std::move(wanted);
  return Outcome::done;
}

// A path below the page's own folder, or from the root. False: told.
bool Ssi::resolve_uri(std::string text, SsiInclude& include) {
  if (!text.starts_with('/')) text.insert(0, folder_of(exchange_.request.uri));
  const http::SplitTarget target = http::split_target(text);
  std::string path(target.path.size(), '\0');
  const auto normal = http::climbs(target.path)
                          ? std::nullopt
                          : http::normalise_path(target.path, false, path.data());
  if (!normal) {
    wrong(fmt::format("unsafe URI \"{}\" was detected", text));
    return false;
  }
  include.uri = *normal;
  include.args = target.query;
  return true;
}

// For this and, as in nginx, the following `echo` commands of the page. An unknown one changes
// nothing.
void Ssi::choose_encoding(std::string_view name) {
  if (name == "none") {
    encoding_ = Encoding::none;
  } else if (name == "url") {
    encoding_ = Encoding::url;
  } else if (name == "entity") {
    encoding_ = Encoding::entity;
  } else {
    static_cast<void>(wrong(fmt::format("unknown encoding \"{}\" in the \"echo\" command", name)));
  }
}

Ssi::Outcome Ssi::echo(const SsiPiece& piece, std::string& output) {
  std::optional<std::string> value = variable(*piece.find("var"));
  if (!value) {
    const std::string* otherwise = piece.find("default");
    value = otherwise ? *otherwise : "(none)";
  }
  if (value->empty()) return Outcome::done;
  if (const std::string* encoding = piece.find("encoding")) choose_encoding(*encoding);
  switch (encoding_) {
    case Encoding::none:
      output += *value;
      break;
    case Encoding::url:
      append_for_url(output, *value);
      break;
    case Encoding::entity:
      append_for_html(output, *value);
      break;
  }
  return Outcome::done;
}

// Text with variables: "$name", "${name}", "$1"; a backslash takes away a "$"'s meaning.
std::string Ssi::evaluate(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t special = text.find_first_of("$\\");
    result += text.substr(0, special);
    if (special == std::string_view::npos) break;
    const bool quoted = text[special] == '\\';
    text.remove_prefix(special + 1);
    if (quoted) {
      if (!text.empty()) result += text[0];
      text.remove_prefix(std::min<std::size_t>(text.size(), 1));
      continue;
    }
    std::string_view name = text;
    const bool braced = name.starts_with('{');
    if (braced) name.remove_prefix(1);
    std::size_t length = 0;
    while (length < name.size() && is_name_character(name[length])) ++length;
    name = name.substr(0, length);
    if (name.empty()) {
      result += '$';
      continue;
    }
    text.remove_prefix(length + (braced ? 1 : 0));
    if (braced && text.starts_with('}')) text.remove_prefix(1);
    result += variable(name).value_or("");
  }
  return result;
}

// What a name stands for: of the pages first, then of nginx.
std::optional<std::string> Ssi::variable(std::string_view name) {
  const std::string low = lowered(name);
  const SsiState& shared = state();
  if (low.size() == 1 && is_digit(low[0])) {
    const auto number = static_cast<std::size_t>(low[0] - '0');
    if (number < shared.captures.size()) return shared.captures[number];
    return std::nullopt;
  }
  if (const auto found = shared.variables.find(low); found != shared.variables.end()) {
    return found->second;
  }
  if (low == "date_local" || low == "date_gmt") return date(low == "date_local");
  std::optional<config::TextPart> part;
  const auto& defined = exchange_.request.proxy->variables;
  const auto own = std::ranges::find(defined, low, [](const auto& one) { return one->name; });
  if (own != defined.end()) {
    part = config::TextPart{config::Variable::defined, low,
                            static_cast<std::uint16_t>(own - defined.begin())};
  } else {
    part = config::nginx::built_in_part(low);
  }
  std::string value;
  if (!part || !append_variable(value, *part, exchange_.request)) return std::nullopt;
  return value;
}

std::string Ssi::date(bool local) const {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(runtime::wall_now().time_since_epoch());
  const std::time_t seconds = now.count();
  if (time_format_ == "%s") return std::to_string(seconds);
  std::tm parts{};
  if (local) {
    ::localtime_r(&seconds, &parts);
  } else {
    ::gmtime_r(&seconds, &parts);
  }
  char text[256];
  return {text, std::strftime(text, sizeof text, time_format_.c_str(), &parts)};
}

}  // namespace baton::proxy
