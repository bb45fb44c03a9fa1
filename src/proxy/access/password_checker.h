// Users and passwords of auth_basic, for all threads of a proxy process.
//
// Files are kept in memory and read again when they have changed; that costs a stat() a request.
// A slow hash is worked out by helper threads of its own, so that the requests of other clients go
// on meanwhile. A password that was right is remembered for a short while as a keyed hash of itself
// and of what the file says, so that the usual request costs neither; with the file's text in the
// hash, a changed password is another one at once.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/keyed_hash.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace baton::proxy {

// What a password file keeps of each user; of several lines the first one counts.
using PasswordFile = std::unordered_map<std::string, std::string>;

// Lines "user:hash", "user:hash:anything"; "#" begins a comment.
PasswordFile parse_password_file(std::string_view text);

enum class PasswordVerdict : std::uint8_t {
  fits,
  wrong,
  busy,  // too many slow hashes are waiting already
};

class PasswordChecker {
 public:
  PasswordChecker() = default;
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;
  ~PasswordChecker();

  // The file as it is now. Errors have the errno of open().
  Result<std::shared_ptr<const PasswordFile>> open(const std::string& path);
  // Whether `password` fits `stored`; both must outlive the task. To be awaited on `loop`'s thread.
  runtime::Task<PasswordVerdict> check(runtime::Loop& loop, const std::string& stored,
                                       const std::string& password);

 private:
  static constexpr std::size_t files_max = 256;
  static constexpr std::size_t known_max = 4096;
  static constexpr std::size_t waiting_max = 256;
  static constexpr std::size_t helpers_max = 2;
  static constexpr Duration known_for = std::chrono::seconds(30);

  // What tells one version of a file from another.
  struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
  };
  struct KnownFile {
    FileStamp stamp;
    bool settled = false;  // it was old enough when read: a further change must show in the stamp
    std::shared_ptr<const PasswordFile> users;
  };
  // A hash that is being worked out; lives in the waiting coroutine's frame.
  struct Job {
    runtime::Loop& loop;
    const std::string& stored;
    const std::string& password;
    bool fits = false;
    std::coroutine_handle<> waiting;
  };
  struct Hand {
    std::size_t operator()(const KeyHash& hash) const { return hash.low; }
  };

  bool is_known(const KeyHash& credentials, Instant now);
  void remember(const KeyHash& credentials, Instant now);
  bool enqueue(Job& job);
  void help();

  std::mutex files_mutex_;
  std::unordered_map<std::string, KnownFile> files_;

  HashSecret secret_ = make_hash_secret();
  std::mutex known_mutex_;
  std::unordered_map<KeyHash, Instant, Hand> known_;  // until when

  std::mutex jobs_mutex_;
  std::condition_variable jobs_changed_;
  std::deque<Job*> jobs_;
  std::vector<std::thread> helpers_;  // started when there is something to do
  bool ending_ = false;
};

}  // namespace baton::proxy
