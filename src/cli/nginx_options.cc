// A loop over letters.

#include "cli/nginx_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace baton::cli {

namespace {

// One option that takes a value: where it goes and what nginx says when it is missing.
struct ValueOption {
  char letter;
  std::string NginxOptions::* field;
  const char* missing;
};

constexpr std::array value_options = {
    ValueOption{'p', &NginxOptions::prefix, "directory name"},
    ValueOption{'e', &NginxOptions::error_log, "file name"},
    ValueOption{'c', &NginxOptions::config, "file name"},
    ValueOption{'g', &NginxOptions::directives, "parameter"},
    ValueOption{'s', &NginxOptions::signal, "parameter"},
};

bool set_flag(NginxOptions& options, char letter) {
  switch (letter) {
    case '?':
    case 'h':
      options.show_help = options.show_version = true;
      return true;
    case 'v':
      options.show_version = true;
      return true;
    case 'V':
      options.show_version = options.show_configure = true;
      return true;
    case 't':
      options.test = true;
      return true;
    case 'T':
      options.test = options.dump = true;
      return true;
    case 'q':
      options.quiet = true;
      return true;
    default:
      return false;
  }
}

bool is_known_signal(const std::string& name) {
  return name == "stop" || name == "quit" || name == "reopen" || name == "reload";
}

// One word of letters; `next` is the word after it, null at the end. Gives true when the next
// word was taken as a value.
bool parse_word(NginxOptions& options, const std::string& word, const std::string* next) {
  if (word.empty() || word[0] != '-') {
    options.problem = fmt::format("invalid option: \"{}\"", word);
    return false;
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (set_flag(options, word[i])) continue;
    const auto* option = std::find_if(value_options.begin(), value_options.end(),
                                      [&](const auto& each) { return each.letter == word[i]; });
    if (option == value_options.end()) {
      options.problem = fmt::format("invalid option: \"{}\"", word[i]);
      return false;
    }
    const bool is_joined = i + 1 < word.size();
    if (!is_joined && !next) {
      options.problem = fmt::format("option \"-{}\" requires {}", word[i], option->missing);
      return false;
    }
    options.*option->field = is_joined ? word.substr(i + 1) : *next;
    if (word[i] == 'e') options.error_log_given = true;
    if (word[i] == 's' && !is_known_signal(options.signal)) {
      options.problem = fmt::format("invalid option: \"-s {}\"", options.signal);
    }
    return !is_joined;
  }
  return false;
}

}  // namespace

NginxOptions parse_nginx_options(const std::vector<std::string>& arguments) {
  NginxOptions options;
  for (std::size_t i = 0; i < arguments.size() && options.problem.empty(); ++i) {
    const std::string* next = i + 1 < arguments.size() ? &arguments[i + 1] : nullptr;
    if (parse_word(options, arguments[i], next)) ++i;
  }
  if (!options.prefix.empty() && options.prefix.back() != '/') options.prefix += '/';
  return options;
}

std::string nginx_usage() {
  return "Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]\n"
         "             [-e filename] [-c filename] [-g directives]\n"
         "\n"
         "Options:\n"
         "  -?,-h         : this help\n"
         "  -v            : show version and exit\n"
         "  -V            : show version and configure options then exit\n"
         "  -t            : test configuration and exit\n"
         "  -T            : test configuration, dump it and exit\n"
         "  -q            : suppress non-error messages during configuration testing\n"
         "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n"
         "  -p prefix     : set prefix path (default: /etc/nginx/)\n"
         "  -e filename   : set error log file (default: /var/log/nginx/error.log)\n"
         "  -c filename   : set configuration file (default: /etc/nginx/nginx.conf)\n"
         "  -g directives : set global directives out of configuration file\n"
         "\n";
}

}  // namespace baton::cli
