// The option table and what each entry does.

#include "cli/keepalived_options.h"

#include <fmt/format.h>
#include <getopt.h>
#include <signal.h>

#include <map>

#include "base/text.h"

namespace baton::cli {

namespace {

enum LongOnly : int { opt_signum = 1000, opt_all };

constexpr const char* short_options = ":f:i:nlDGg::S:u:PCBXVIRdp:r:c:b:as:xA:mM::et::vhT";

const option long_options[] = {
    {"use-file", required_argument, nullptr, 'f'},
    {"config-id", required_argument, nullptr, 'i'},
    {"dont-fork", no_argument, nullptr, 'n'},
    {"log-console", no_argument, nullptr, 'l'},
    {"log-detail", no_argument, nullptr, 'D'},
    {"no-syslog", no_argument, nullptr, 'G'},
    {"log-file", optional_argument, nullptr, 'g'},
    {"log-facility", required_argument, nullptr, 'S'},
    {"umask", required_argument, nullptr, 'u'},
    {"vrrp", no_argument, nullptr, 'P'},
    {"check", no_argument, nullptr, 'C'},
    {"no_bfd", no_argument, nullptr, 'B'},
    {"all", no_argument, nullptr, opt_all},
    {"release-vips", no_argument, nullptr, 'X'},
    {"dont-release-vrrp", no_argument, nullptr, 'V'},
    {"dont-release-ipvs", no_argument, nullptr, 'I'},
    {"dont-respawn", no_argument, nullptr, 'R'},
    {"dump-conf", no_argument, nullptr, 'd'},
    {"pid", required_argument, nullptr, 'p'},
    {"vrrp_pid", required_argument, nullptr, 'r'},
    {"checkers_pid", required_argument, nullptr, 'c'},
    {"bfd_pid", required_argument, nullptr, 'b'},
    {"address-monitoring", no_argument, nullptr, 'a'},
    {"namespace", required_argument, nullptr, 's'},
    {"snmp", no_argument, nullptr, 'x'},
    {"snmp-agent-socket", required_argument, nullptr, 'A'},
    {"core-dump", no_argument, nullptr, 'm'},
    {"core-dump-pattern", optional_argument, nullptr, 'M'},
    {"all-config", no_argument, nullptr, 'e'},
    {"signum", required_argument, nullptr, opt_signum},
    {"config-test", optional_argument, nullptr, 't'},
    {"version", no_argument, nullptr, 'v'},
    {"help", no_argument, nullptr, 'h'},
    {"genhash", no_argument, nullptr, 'T'},
    {nullptr, 0, nullptr, 0},
};

// Options that keepalived has and that change nothing here, with the reason.
const std::map<int, const char*>& without_effect() {
  static const std::map<int, const char*> table = {
      {'u', "-u (umask): files are created with the umask that baton was started with"},
      {'B', "-B (no BFD): there is no BFD process"},
      {opt_all, "--all: there is only the VRRP process"},
      {'X', "-X (release VIPs): addresses are always released on a transition"},
      {'I', "-I (IPVS): baton does not drive IPVS"},
      {'d', "-d (dump configuration): use baton check"},
      {'c', "-c (checkers pid file): there is no checkers process"},
      {'b', "-b (BFD pid file): there is no BFD process"},
      {'a', "-a (address monitoring): address changes of virtual addresses are always logged"},
      {'x', "-x (SNMP): not supported by baton"},
      {'A', "-A (SNMP agent socket): not supported by baton"},
      {'m', "-m (core dump): set LimitCORE in the unit instead"},
      {'M', "-M (core pattern): set kernel.core_pattern instead"},
      {'e', "-e (all configuration files must exist): always reported"},
  };
  return table;
}

bool parse_facility(const std::string& word, int& facility) {
  static const std::map<std::string, int> names = {{"user", LOG_USER}, {"daemon", LOG_DAEMON}};
  if (const auto named = names.find(lowered(word)); named != names.end()) {
    facility = named->second;
    return true;
  }
  std::string_view digits = word;
  if (digits.starts_with("local")) digits.remove_prefix(5);
  const auto number = parse_unsigned(digits, 7);
  if (!number) return false;
  facility = LOG_LOCAL0 + (static_cast<int>(*number) << 3);
  return true;
}

void apply_value(KeepalivedOptions& options, int letter, const std::string& value) {
  switch (letter) {
    case 'f':
      options.config = value;
      break;
    case 'i':
      options.config_id = value;
      break;
    case 'g':
      options.log_file = value.empty() ? "/tmp/keepalived.log" : value;
      break;
    case 'p':
      options.pid_path = value;
      break;
    case 'r':
      options.vrrp_pid_path = value;
      break;
    case 's':
      options.network_namespace = value;
      break;
    case opt_signum:
      options.signal_name = value;
      break;
    case 't':
      options.test = true;
      options.test_log = value;
      break;
    case 'S':
      if (!parse_facility(value, options.log_facility)) {
        options.problem = fmt::format("Invalid log facility '{}'", value);
      }
      break;
    default:
      break;
  }
}

void apply_flag(KeepalivedOptions& options, int letter) {
  switch (letter) {
    case 'n':
      options.dont_fork = true;
      break;
    case 'l':
      options.log_console = true;
      break;
    case 'D':
      options.log_detail = true;
      break;
    case 'G':
      options.no_syslog = true;
      break;
    case 'P':
      break;  // only VRRP: it is all there is
    case 'C':
      options.checkers_only = true;
      break;
    case 'V':
      options.dont_release = true;
      break;
    case 'R':
      options.dont_respawn = true;
      break;
    case 'v':
      options.show_version = true;
      break;
    case 'h':
      options.show_help = true;
      break;
    case 'T':
      options.problem = "genhash is not part of baton";
      break;
    default:
      break;
  }
}

}  // namespace

KeepalivedOptions parse_keepalived_options(const std::vector<std::string>& arguments) {
  KeepalivedOptions options;
  std::vector<std::string> words = {"keepalived"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  optind = 0;  // start anew
  opterr = 0;
  const int count = static_cast<int>(words.size());
  int letter = 0;
  while (options.problem.empty() &&
         (letter = ::getopt_long(count, argv.data(), short_options, long_options, nullptr)) != -1) {
    if (letter == '?' || letter == ':') {
      const char* reason = letter == '?' ? "Unknown option" : "Missing parameter for option";
      options.problem = fmt::format("{} {}", reason, argv[optind - 1]);
      break;
    }
    if (const auto none = without_effect().find(letter); none != without_effect().end()) {
      options.notes.emplace_back(none->second);
    }
    apply_value(options, letter, optarg ? optarg : "");
    apply_flag(options, letter);
  }
  if (options.problem.empty() && optind < count) {
    options.problem = fmt::format("Unexpected argument(s): {}", argv[optind]);
  }
  return options;
}

int keepalived_signal(const std::string& name) {
  static const std::map<std::string, int> numbers = {
      {"STOP", SIGTERM},  {"RELOAD", SIGHUP},     {"DATA", SIGUSR1},
      {"STATS", SIGUSR2}, {"JSON", SIGRTMIN + 2}, {"STATS_CLEAR", SIGRTMAX - 1},
  };
  const auto found = numbers.find(name);
  return found == numbers.end() ? 0 : found->second;
}

std::string keepalived_usage(const std::string& program) {
  return fmt::format(
      "Usage: {} [OPTION...]\n"
      "  -f, --use-file=FILE          use this configuration file or folder\n"
      "                               (default /etc/keepalived/keepalived.conf)\n"
      "  -i, --config-id=ID           what lines that begin with @ID are held against\n"
      "  -n, --dont-fork              stay in the foreground\n"
      "  -l, --log-console            log to the terminal (stderr)\n"
      "  -D, --log-detail             log in detail\n"
      "  -S, --log-facility=F         syslog facility: 0-7, local0-local7, user, daemon\n"
      "  -G, --no-syslog              do not log to syslog\n"
      "  -g, --log-file[=FILE]        log to a file (default /tmp/keepalived.log)\n"
      "  -p, --pid=FILE               pid file of the parent (default /run/keepalived.pid)\n"
      "  -r, --vrrp_pid=FILE          pid file of the VRRP process (default /run/vrrp.pid)\n"
      "  -V, --dont-release-vrrp      leave addresses where they are on stop\n"
      "  -R, --dont-respawn           do not restart the VRRP process when it ends\n"
      "  -s, --namespace=NAME         run in this network namespace\n"
      "      --signum=NAME            print the signal number of STOP, RELOAD, DATA, STATS,\n"
      "                               STATS_CLEAR or JSON\n"
      "  -t, --config-test[=FILE]     check the configuration and exit\n"
      "  -v, --version                show the version and exit\n"
      "  -h, --help                   this help\n"
      "Options of keepalived that have no effect are accepted and told: -P -C -B -X -I -d -c -b\n"
      "-a -u -x -A -m -M -e --all\n",
      program);
}

}  // namespace baton::cli
