// The terminal: its size, its modes (given back however the command ends), its keys.

#include "cli/watch.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "cli/watch_screen.h"
#include "runtime/loop.h"

namespace baton::cli {

namespace {

constexpr Duration redraw_interval = 500ms;

volatile sig_atomic_t interrupted = 0;

void on_signal(int) {
  interrupted = 1;
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR && !interrupted) continue;
    if (written <= 0) {
      interrupted = 1;  // nobody reads any more
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Keys come one by one and are not shown; the page has a screen of its own.
class Terminal {
 public:
  Terminal() {
    keys_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (keys_) {
      termios raw = before_;
      raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
      raw.c_cc[VMIN] = 0;
      raw.c_cc[VTIME] = 0;
      ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    write_all("\x1b[?1049h\x1b[?25l");
  }
  ~Terminal() {
    interrupted = 0;
    write_all("\x1b[?25h\x1b[?1049l");
    if (keys_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  Terminal(const Terminal&) = delete;

  // Waits, at most `longest`; true when the reader wants to leave.
  bool wait(Duration longest) const {
    pollfd entry{keys_ ? STDIN_FILENO : -1, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(to_ms(longest))) <= 0) return interrupted != 0;
    char key = 0;
    const ssize_t got = ::read(STDIN_FILENO, &key, 1);
    if (got == 0) return true;
    return got == 1 && (key == 'q' || key == 'Q' || key == '\x03');
  }

  static ScreenSize size() {
    winsize found{};
    ScreenSize size;
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &found) == 0 && found.ws_col > 0 && found.ws_row > 0) {
      size.columns = found.ws_col;
      size.rows = found.ws_row;
    }
    return size;
  }

 private:
  bool keys_ = false;
  termios before_{};
};

bool speaks_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string_view text = value;
    return text.ends_with("UTF-8") || text.ends_with("utf8") || text.ends_with("UTF8");
  }
  return false;
}

std::string clock_text(bool with_date) {
  const auto now = std::chrono::floor<std::chrono::seconds>(runtime::wall_now());
  const auto time = fmt::gmtime(static_cast<std::time_t>(now.time_since_epoch().count()));
  return with_date ? fmt::format("{:%Y-%m-%d %H:%M:%S}Z", time) : fmt::format("{:%H:%M:%S}Z", time);
}

void watch_on_terminal(const std::function<nlohmann::json()>& look) {
  const Terminal terminal;
  ScreenStyle style;
  style.colours = std::getenv("NO_COLOR") == nullptr;
  style.unicode = speaks_unicode();
  for (;;) {
    const Instant began = runtime::monotonic_now();
    ScreenSize size = Terminal::size();
    size.rows = size.rows > 3 ? size.rows - 1 : size.rows;  // the last row is for the keys
    const auto lines = watch_screen(look(), size, style, clock_text(false));
    // Each line clears its rest, the end clears what is below: nothing flickers.
    std::string frame = "\x1b[H";
    for (const auto& line : lines) frame += line + "\x1b[K\r\n";
    frame += "\x1b[J";
    frame += fmt::format("\x1b[{};1H{}q quits{}", size.rows + 1, style.colours ? "\x1b[2m" : "",
                         style.colours ? "\x1b[0m" : "");
    write_all(frame);
    const Instant next = began + redraw_interval;
    do {
      const Duration left = next - runtime::monotonic_now();
      if (interrupted || terminal.wait(std::max<Duration>(left, 1ms))) return;
    } while (runtime::monotonic_now() < next);
  }
}

void watch_in_blocks(const std::function<nlohmann::json()>& look) {
  std::optional<std::string> told;
  while (!interrupted) {
    const nlohmann::json status = look();
    const std::string essence = essence_of(status);
    if (told != essence) {
      std::string block = told ? "\n" : "";
      for (const auto& line : watch_screen(status, {80, 0}, {}, clock_text(true))) {
        block += line + "\n";
      }
      write_all(block);
      told = essence;
    }
    ::poll(nullptr, 0, static_cast<int>(to_ms(redraw_interval)));
  }
}

}  // namespace

int watch(const std::function<nlohmann::json()>& look) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  if (::isatty(STDOUT_FILENO) == 1) {
    watch_on_terminal(look);
  } else {
    watch_in_blocks(look);
  }
  return 0;
}

}  // namespace baton::cli
