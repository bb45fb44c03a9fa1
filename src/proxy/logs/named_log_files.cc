// A list in the order of use, and a table into it.

#include "proxy/logs/named_log_files.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace baton::proxy {

namespace {

runtime::Fd open_for_append(const std::string& path) {
  return runtime::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
}

bool is_same_file(const std::string& path, int fd) {
  struct stat by_path{};
  struct stat by_fd{};
  if (::stat(path.c_str(), &by_path) != 0 || ::fstat(fd, &by_fd) != 0) return false;
  return by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

}  // namespace

int NamedLogFiles::open(const std::string& path, const config::LogFileCache* cache, Instant now) {
  if (!cache) {
    passing_ = open_for_append(path);
    return passing_ ? passing_.get() : -1;
  }
  drop_old(*cache, now);
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) {
    files_.push_front({path, {}, now, now, 0});
    by_path_.emplace(files_.front().path, files_.begin());
    drop_old(*cache, now);
  } else {
    files_.splice(files_.begin(), files_, found->second);
  }
  File& file = files_.front();
  file.used = now;
  ++file.uses;
  if (file.fd && now >= file.checked + cache->valid) {
    file.checked = now;
    if (!is_same_file(path, file.fd.get())) file.fd.reset();
  }
  if (file.fd) return file.fd.get();
  runtime::Fd& fd = file.uses >= cache->uses_min ? file.fd : passing_;
  fd = open_for_append(path);
  file.checked = now;
  return fd ? fd.get() : -1;
}

void NamedLogFiles::close_all() {
  by_path_.clear();
  files_.clear();
}

void NamedLogFiles::drop_old(const config::LogFileCache& cache, Instant now) {
  while (!files_.empty()) {
    const File& last = files_.back();
    if (files_.size() <= cache.files_max && now < last.used + cache.inactive) return;
    by_path_.erase(last.path);
    files_.pop_back();
  }
}

}  // namespace baton::proxy
