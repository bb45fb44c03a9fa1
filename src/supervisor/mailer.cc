// Composing letters; handing them to libcurl in a process that may block.

#include "supervisor/mailer.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "runtime/child.h"
#include "runtime/signals.h"
#include "supervisor/child_process.h"
#include "supervisor/privileges.h"

namespace baton::supervisor {

namespace {

constexpr uid_t nobody = 65534;

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

struct Words {
  std::string subject;
  std::string body;
};

Words words_of(const ipc::Announcement& announcement) {
  const std::string& state = announcement.state;
  if (announcement.of_group) {
    return {fmt::format("VRRP Group {} - Entering {} state", announcement.name, state),
            fmt::format("=> All VRRP group instances are now in {} state <=", state)};
  }
  if (state == "DELETED") {
    return {fmt::format("VRRP Instance {} - Deleted", announcement.name),
            "=> VRRP Deleted at reload <="};
  }
  return {fmt::format("VRRP Instance {} - Entering {} state", announcement.name, state),
          state == "MASTER" ? "=> VRRP Instance is now owning VRRP VIPs <="
                            : "=> VRRP Instance is no longer owning VRRP VIPs <="};
}

// What libcurl reads the letter from.
struct Source {
  std::string_view left;
};

std::size_t read_source(char* buffer, std::size_t size, std::size_t count, void* pointer) {
  auto* source = static_cast<Source*>(pointer);
  const std::size_t length = std::min(size * count, source->left.size());
  std::memcpy(buffer, source->left.data(), length);
  source->left.remove_prefix(length);
  return length;
}

std::string address_of(const config::Mail& mail) {
  const bool is_ipv6 = mail.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(is_ipv6 ? "[{}]:{}" : "{}:{}"), mail.host, mail.port);
}

// Blocks. In the process of one letter only.
int deliver_blocking(const Letter& letter) {
  const config::Mail& mail = letter.mail;
  CURL* curl = curl_easy_init();
  if (!curl) return CURLE_FAILED_INIT;
  const std::string greeting = mail.greeting.empty() ? host_name() : mail.greeting;
  char* escaped = curl_easy_escape(curl, greeting.c_str(), 0);
  const std::string url = fmt::format("smtp://{}/{}", address_of(mail), escaped ? escaped : "");
  curl_slist* receivers = nullptr;
  for (const auto& to : mail.to) receivers = curl_slist_append(receivers, to.c_str());
  Source source{letter.text};
  const Duration whole = mail.connect_timeout + Mailer::conversation_max;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(to_ms(mail.connect_timeout)));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(to_ms(whole)));
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail.from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, receivers);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_source);
  curl_easy_setopt(curl, CURLOPT_READDATA, &source);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  return curl_easy_perform(curl);
}

// The child: nothing of ours stays open, and it is nobody.
[[noreturn]] void be_postman(const Letter& letter) {
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  close_all_but({});
  runtime::unblock_all_signals();
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT}) ::signal(number, SIG_DFL);
  if (!become_script_user("nobody", nobody, nobody)) ::_exit(CURLE_FAILED_INIT);
  ::_exit(deliver_blocking(letter));
}

}  // namespace

Letter make_letter(const ipc::Announcement& announcement, const config::Mail& mail,
                   const std::string& router_id, const std::string& date) {
  Letter letter;
  letter.mail = mail;
  if (mail.from.empty()) letter.mail.from = "keepalived@" + host_name();
  const Words words = words_of(announcement);
  std::string to;
  for (const auto& address : mail.to) to += (to.empty() ? "" : ", ") + address;
  letter.text = fmt::format(
      "Date: {}\r\nFrom: {}\r\nSubject: [{}] {}\r\nX-Mailer: Keepalived\r\nTo: {}\r\n\r\n{}\r\n",
      date, letter.mail.from, router_id, words.subject, to, words.body);
  return letter;
}

std::string mail_date(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t length =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S %z", &parts);
  return {text.data(), length};
}

void Mailer::send(Letter letter) {
  if (waiting_.size() >= waiting_max) {
    waiting_.pop_front();
    if (dropped_++ % waiting_max == 0) {
      log_.write(LogLevel::warning,
                 "too many mails wait for the SMTP server: the oldest is dropped");
    }
  }
  waiting_.push_back(std::move(letter));
  if (busy_) return;
  busy_ = true;
  scope_.spawn(deliver_all());
}

runtime::Task<void> Mailer::deliver_all() {
  while (!waiting_.empty() && !loop_.cancelled()) {
    const Letter letter = std::move(waiting_.front());
    waiting_.pop_front();
    co_await deliver(letter);
  }
  busy_ = false;
}

runtime::Task<void> Mailer::deliver(const Letter& letter) {
  for (int round = 0; round < tries_max; ++round) {
    const int code = co_await try_once(letter);
    if (loop_.cancelled()) co_return;
    if (code == 0) {
      log_.write(LogLevel::info, "SMTP alert successfully sent.");
      co_return;
    }
    const bool is_last = round + 1 == tries_max;
    log_.print(LogLevel::error, "SMTP alert not sent to [{}]:{}: {}{}", letter.mail.host,
               letter.mail.port, curl_easy_strerror(static_cast<CURLcode>(code)),
               is_last ? "; given up" : "");
    if (is_last) co_return;
    static_cast<void>(co_await loop_.sleep_for(retry_pauses[round]));
    if (loop_.cancelled()) co_return;
  }
}

runtime::Task<int> Mailer::try_once(const Letter& letter) {
  const pid_t pid = ::fork();
  if (pid < 0) co_return CURLE_FAILED_INIT;
  if (pid == 0) be_postman(letter);
  auto child = runtime::Child::watch(loop_, pid);
  if (!child) {
    ::kill(pid, SIGKILL);
    co_return CURLE_FAILED_INIT;
  }
  // libcurl keeps its own time; this is for a resolver that hangs in spite of it.
  const Duration patience = letter.mail.connect_timeout + conversation_max + 5s;
  auto status = co_await (*child)->ended(loop_.refresh_now() + patience);
  if (!status && status.error().kind == ErrorKind::timed_out) {
    (*child)->signal(SIGKILL);
    status = co_await (*child)->ended();
    co_return CURLE_OPERATION_TIMEDOUT;
  }
  if (!status || status->signalled) co_return CURLE_OPERATION_TIMEDOUT;
  co_return status->code;
}

}  // namespace baton::supervisor
