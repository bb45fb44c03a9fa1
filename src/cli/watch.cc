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

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

enum class Wish : std::uint8_t { none, leave, up, down, page_up, page_down, top, bottom };

// What keys mean: q, and those that scroll in less(1) and everywhere.
Wish wish_of(std::string_view keys) {
  if (keys.find_first_of("qQ\x03") != std::string_view::npos) return Wish::leave;
  constexpr std::pair<std::string_view, Wish> meanings[] = {
      {"\x1b[A", Wish::up},       {"\x1bOA", Wish::up},   {"k", Wish::up},
      {"\x1b[B", Wish::down},     {"\x1bOB", Wish::down}, {"j", Wish::down},
      {"\x1b[5~", Wish::page_up}, {"b", Wish::page_up},   {"\x1b[6~", Wish::page_down},
      {" ", Wish::page_down},     {"\x1b[H", Wish::top},  {"g", Wish::top},
      {"\x1b[F", Wish::bottom},   {"G", Wish::bottom},
  };
  for (const auto& [key, wish] : meanings) {
    if (keys.starts_with(key)) return wish;
  }
  return Wish::none;
}

// How far the page is scrolled then; more than there is gets put right when it is drawn.
std::size_t scrolled_by(Wish wish, std::size_t now, std::size_t rows) {
  constexpr std::size_t everything = 100'000;
  const std::size_t screenful = std::max<std::size_t>(rows, 3) - 2;
  switch (wish) {
    case Wish::up:
      return now - std::min<std::size_t>(now, 1);
    case Wish::down:
      return now + 1;
    case Wish::page_up:
      return now - std::min(now, screenful);
    case Wish::page_down:
      return now + screenful;
    case Wish::top:
      return 0;
    case Wish::bottom:
      return everything;
    case Wish::none:
    case Wish::leave:
      break;
  }
  return now;
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

  // Waits for keys, at most `longest`.
  Wish wait(Duration longest) const {
    pollfd entry{keys_ ? STDIN_FILENO : -1, POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(to_ms(longest))) <= 0) {
      return interrupted ? Wish::leave : Wish::none;
    }
    std::array<char, 16> keys;
    const ssize_t got = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (got == 0) return Wish::leave;
    return got < 0 ? Wish::none : wish_of({keys.data(), static_cast<std::size_t>(got)});
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

std::string keys_text(const Screen& screen) {
  std::string text = "q quits";
  if (screen.scrolled + screen.below == 0) return text;
  text += "   arrows scroll:";
  if (screen.scrolled > 0) text += fmt::format(" {} lines above", screen.scrolled);
  if (screen.below > 0) text += fmt::format(" {} more lines below", screen.below);
  return text;
}

// The page on the terminal; how far it is scrolled.
std::size_t draw(const nlohmann::json& status, const ScreenSize& size, const ScreenStyle& style) {
  const Screen screen = watch_screen(status, size, style, clock_text(false));
  // Each line clears its rest, the end clears what is below: nothing flickers.
  std::string frame = "\x1b[H";
  for (const auto& line : screen.lines) frame += line + "\x1b[K\r\n";
  frame += "\x1b[J";
  frame +=
      fmt::format("\x1b[{};1H{}{}{}", size.rows + 1, style.colours ? "\x1b[2m" : "",
                  cut_to_columns(keys_text(screen), size.columns), style.colours ? "\x1b[0m" : "");
  write_all(frame);
  return screen.scrolled;
}

void watch_on_terminal(const std::function<nlohmann::json()>& look) {
  const Terminal terminal;
  ScreenStyle style;
  style.colours = std::getenv("NO_COLOR") == nullptr;
  style.unicode = speaks_unicode();
  std::size_t scrolled = 0;
  for (;;) {
    const Instant began = runtime::monotonic_now();
    const auto status = look();
    const Instant next = began + redraw_interval;
    Wish wish = Wish::top;  // anything but none: the new status is drawn
    do {
      ScreenSize size = Terminal::size();
      size.rows = size.rows > 3 ? size.rows - 1 : size.rows;  // the last row is for the keys
      size.scrolled = scrolled;
      if (wish != Wish::none) scrolled = draw(status, size, style);
      const Duration left = next - runtime::monotonic_now();
      wish = interrupted ? Wish::leave : terminal.wait(std::max<Duration>(left, 1ms));
      if (wish == Wish::leave) return;
      scrolled = scrolled_by(wish, scrolled, size.rows);
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
      for (const auto& line : watch_screen(status, {80, 0}, {}, clock_text(true)).lines) {
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
