// Walks the tree of directives, holds each against the grammar and hands it to its topic.
//
// Inheritance is done by copying: a Level holds every setting as it stands at that point of the
// tree. A nested level starts as a copy of its outer one, whose simple directives have all been
// read by then (levels are read last, wherever they stand), and its own directives write over what
// it inherited. So the last level to say something wins, as in nginx, and what comes out is the
// model itself: there is no second form of the settings and no merging.
//
// Problems are collected and told in file order at the end, whatever order they are found in.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "config/model/proxy.h"
#include "config/model/rewrite.h"
#include "config/nginx/endpoint.h"
#include "config/nginx/findings.h"
#include "config/nginx/options.h"
#include "config/nginx/parser.h"
#include "config/nginx/rule.h"
#include "config/nginx/variable_names.h"
#include "config/source.h"

namespace baton::config::nginx {

// A directive of the rewrite module, kept until all of a level's are known: they make one program.
struct RewriteLine {
  std::uint64_t sequence = 0;
  ProgramStep step;
  std::vector<RewriteLine> inside;  // of an `if`
};

struct Level {
  Context context = in_main;
  Location location;       // settings of this place, inherited ones included
  Server server;           // settings of the server around it
  ProxyPass proxy;         // the proxy_* family
  UpstreamGroup upstream;  // inside an upstream block
  std::uint32_t server_index = 0;
  std::uint32_t location_index = 0;
  bool access_log_off = false;
  bool hide_headers_set = false;             // below: whether any level so far said something
  std::vector<std::string> hidden, passed;   // proxy_hide_header, proxy_pass_header
  std::optional<std::size_t> busy_bytes;     // proxy_busy_buffers_size
  std::size_t proxy_buffer_count = 8;        // proxy_buffers
  std::size_t proxy_head_bytes = 4096;       // proxy_buffer_size as nginx defaults it
  std::size_t proxy_buffer_bytes = 4096;     // size of each
  const Directive* proxy_buffers = nullptr;  // the last one here that set a size
  std::vector<RewriteLine> rewrite_lines;    // of this very level, as they were read
  std::vector<const Rule*> seen;             // rules that were used on this very level
};

// A `listen` directive, kept until all servers are known.
struct ListenLine {
  std::uint32_t server = 0;
  const Directive* directive = nullptr;
  ListenAddress address;
  Listener options;  // its address and servers are not used
  bool has_options = false;
  bool default_server = false;
};

// A `proxy_pass`, kept until all upstream blocks are known.
struct ProxyLine {
  const Directive* directive = nullptr;
  std::shared_ptr<ProxyPass> proxy;
  std::string host;  // or the whole "unix:/path"
  std::optional<std::uint16_t> port;
  bool needs_port = false;  // there is no usual one
};

// A `location` of one server, kept to find duplicates.
struct LocationLine {
  const Directive* directive = nullptr;
  std::uint32_t server = 0;
  std::uint32_t location = 0;
  std::uint32_t parent = 0;
};

// A `health_check`, kept until groups and `match` blocks are known.
struct HealthCheckLine {
  const Directive* directive = nullptr;
  std::uint32_t server = 0;
  std::uint32_t location = 0;
};

class Reader {
 public:
  Reader(const LoadOptions& options, Proxy& proxy)
      : options_(options), proxy_(proxy), hosts_(options) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The whole tree. Afterwards the model lacks only what needs all of it (assemble.h).
  void read(const std::vector<Directive>& tree);

  // --- for the topics' handlers ---

  [[nodiscard]] Proxy& proxy() { return proxy_; }
  [[nodiscard]] const LoadOptions& options() const { return options_; }
  [[nodiscard]] Level& level() { return *level_; }
  // True when the rule being handled has not been met on this level before: a list that is
  // inherited only as a whole starts afresh then.
  [[nodiscard]] bool first_on_level() const { return first_on_level_; }
  // True when a directive `name` was met on this level.
  [[nodiscard]] bool seen_on_level(std::string_view name) const;

  // A copy of the current level for a block of `context`, without what is never inherited.
  [[nodiscard]] Level nested(Context context) const;
  using Blocks = std::vector<std::pair<const Rule*, const Directive*>>;
  // The simple directives of a block; gives the levels in it for read_levels().
  Blocks read_settings(const std::vector<Directive>& directives, Level& level);
  void read_levels(const Blocks& blocks, Level& level);
  // Both, for a block whose settings go nowhere but to the levels in it.
  void read_block(const std::vector<Directive>& directives, Level& level);
  // Only what is wrong with the text itself, for a block that is not read.
  void skip_block(const std::vector<Directive>& directives);
  // Whether a line inside a block of values (map, geo, types ...) is one that can be read: whole,
  // and not a block. What is wrong otherwise has been told.
  bool check_value_line(const Directive& line);

  // How many errors were found so far.
  [[nodiscard]] std::size_t error_count() const { return findings_.errors(); }
  // Problems at word `index` of a directive.
  void error(const Directive& directive, std::size_t index, std::string message,
             std::string suggestion = "");
  void warning(const Directive& directive, std::size_t index, std::string message);
  void note(const Directive& directive, std::size_t index, std::string message);
  // The note that a directive, taken into the model though it is, changes nothing today.
  void note_no_effect(const Directive& directive, std::string_view reason);
  // A note that is told once for each `key`, however often the directive stands in the file.
  void note_once(const Directive& directive, const std::string& key, std::string message);
  // `"x" directive PROBLEM`, nginx's form for a value that does not parse.
  void directive_error(const Directive& directive, std::size_t index, std::string_view problem);
  // A warning about something that no single directive is to blame for.
  void warn_at(const Position& where, std::string message);
  // A problem of the configuration as a whole.
  void error_without_place(std::string message);

  // Text with variables. Unknown variables are told once everything is read.
  TemplateText compile(const Directive& directive, std::size_t index);
  TemplateText compile_text(const Directive& directive, std::size_t index, std::string_view text);
  // The variable "$name" at `index` that the directive defines or gives a value to: its place in
  // Proxy::variables as Variable::defined, or a variable of nginx that can be set. nullopt: told.
  std::optional<TextPart> defined_variable(const Directive& directive, std::size_t index);
  // A regular expression: nginx's error when it does not compile.
  bool check_regex(const Directive& directive, std::size_t index, std::string_view pattern,
                   bool ignore_case);
  // The addresses of a host, looked up when it is a name; empty when there are none.
  std::vector<net::IpAddress> find_host(const AddressText& text);
  // What is logged to when the main level names nothing.
  [[nodiscard]] ErrorLog default_error_log() const;
  // A path below the prefix unless it is absolute.
  [[nodiscard]] std::string full_path(std::string_view path) const;

  // What handlers keep for assemble.h.
  std::vector<ListenLine> listen_lines;
  std::vector<ProxyLine> proxy_lines;
  std::vector<LocationLine> location_lines;
  std::vector<HealthCheckLine> health_check_lines;
  std::unordered_map<std::string, std::shared_ptr<const HealthMatch>> health_matches;
  // A zone of proxy_cache: where it was first met, and what is (or will be) said of it.
  struct CacheZoneLine {
    const Directive* directive = nullptr;
    std::shared_ptr<CacheZone> zone;
  };
  std::vector<CacheZoneLine> cache_zone_lines;
  std::unordered_map<std::string, std::uint32_t> upstream_names;
  struct LogFormatPlace {
    std::uint32_t index = 0;
    std::uint64_t sequence = 0;
  };
  std::unordered_map<std::string, LogFormatPlace> log_formats;
  // The first access_log with a buffer of each file.
  std::unordered_map<std::string, AccessLog> buffered_logs;
  bool has_events = false;
  VariableNames variables;

  // Tells everything that was found, in file order.
  void report_to(Diagnostics& diagnostics) { findings_.report_to(diagnostics); }

 private:
  const Rule* find_rule(const Directive& directive, const Level& level);
  void read_directive(const Directive& directive, Level& level, Blocks& blocks);
  bool check_shape(const Rule& rule, const Directive& directive, Level& level, Blocks& blocks);
  std::size_t missing_semicolon(const Directive& directive, const Level& level) const;
  void read_repaired(const Directive& directive, std::size_t from, Level& level, Blocks& blocks);
  bool check_value(const Rule& rule, const Directive& directive);
  void apply(const Rule& rule, const Directive& directive);
  bool may_suggest(std::string_view word);
  void report_unknown_variables();
  void add(const Directive& directive, std::size_t index, Severity severity, std::string message,
           std::string suggestion);

  struct UnknownVariable {
    const Directive* directive = nullptr;
    std::size_t index = 0;
    std::string name;
  };

  const LoadOptions& options_;
  Proxy& proxy_;
  Level* level_ = nullptr;
  bool first_on_level_ = false;
  HostLookup hosts_;
  Findings findings_;
  std::unordered_set<std::string> notes_told_;
  std::vector<UnknownVariable> unknown_variables_;
  std::deque<Directive> repaired_;  // second halves of statements that lacked a ";"
  std::size_t suggestions_ = 0;
};

}  // namespace baton::config::nginx
