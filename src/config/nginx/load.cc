// Reads an nginx.conf into the typed model: text to words (lexer), words to a tree (parser), the
// tree against the grammar into the model (reader and the topics), and what needs all of it
// (assemble).

#include "config/nginx/load.h"

#include <utility>

#include "config/nginx/assemble.h"
#include "config/nginx/parser.h"
#include "config/nginx/reader.h"

namespace baton::config::nginx {

namespace {

constexpr std::string_view default_pid = "/run/nginx.pid";

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

// The directives of `-g` come before those of the file.
std::vector<Directive> parse_all(SourceTree& sources, const LoadOptions& options) {
  Parser parser(sources, folder_of(options.path));
  std::vector<Directive> tree = parser.parse_command_line(options.global_directives);
  for (Directive& directive : parser.parse_file(options.path)) {
    tree.push_back(std::move(directive));
  }
  return tree;
}

}  // namespace

std::shared_ptr<const Proxy> load(SourceTree& sources, const LoadOptions& options,
                                  Diagnostics& diagnostics) {
  auto proxy = std::make_shared<Proxy>();
  proxy->prefix = options.prefix;
  proxy->config_path = options.path;
  proxy->pid_path = default_pid;
  const std::vector<Directive> tree = parse_all(sources, options);
  Reader reader(options, *proxy);
  reader.read(tree);
  assemble(reader);
  if (proxy->error_logs.empty()) proxy->error_logs.push_back(reader.default_error_log());
  const bool failed = reader.error_count() > 0;
  reader.report_to(diagnostics);
  return failed ? nullptr : proxy;
}

}  // namespace baton::config::nginx
