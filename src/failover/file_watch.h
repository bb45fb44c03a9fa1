// The numbers in tracked files (track_file), read again whenever a file changes. A file that is not
// there counts as 0, as with keepalived; so does a folder that is not there, and it is tried again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/model/tracking.h"
#include "failover/read_watch.h"
#include "linux/file_events.h"
#include "runtime/loop.h"

namespace baton::failover {

struct FileState {
  int value = 0;
  std::string problem;  // why it could not be read; empty also when there is no such file
};

class FileWatch {
 public:
  using Report = std::function<void(std::uint32_t file)>;

  FileWatch(runtime::Loop& loop, Log& log, Report report)
      : loop_(loop), log_(log), report_(std::move(report)) {}

  // Watches these files and reads them; `at_start` writes what init_file asks for first.
  void configure(const std::vector<config::TrackFile>& files, bool at_start);
  // Once a second: folders that were not there.
  void retry_folders();
  void stop() { watch_.reset(); }

  [[nodiscard]] const std::vector<FileState>& states() const { return states_; }

 private:
  struct Folder {
    int number = -1;  // by which the kernel names it; -1: not watched
    std::string path;
  };
  void open();
  bool read_events();
  void watch_folder(const std::string& path);
  void read(std::size_t file);

  runtime::Loop& loop_;
  Log& log_;
  Report report_;
  std::vector<config::TrackFile> files_;
  std::vector<FileState> states_;
  std::vector<Folder> folders_;
  std::unique_ptr<linux::FileEvents> events_;
  std::unique_ptr<ReadWatch> watch_;
};

}  // namespace baton::failover
