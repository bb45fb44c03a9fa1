// Reading tracked files.

#include "failover/file_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace baton::failover {

namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

void FileWatch::configure(const std::vector<config::TrackFile>& files, bool at_start) {
  files_ = files;
  states_.assign(files_.size(), {});
  if (files_.empty() && !events_) return;
  for (const auto& file : files_) {
    if (!at_start || !file.initial_value) continue;
    if (const auto done = linux::write_number(file.path, *file.initial_value, file.overwrite);
        !done) {
      log_.print(LogLevel::error, "track_file {}: cannot write {}: {}", file.name, file.path,
                 baton::describe(done.error()));
    }
  }
  open();
  std::erase_if(folders_, [&](const Folder& folder) {
    const bool wanted = std::ranges::any_of(
        files_, [&](const auto& file) { return folder_of(file.path) == folder.path; });
    if (!wanted && folder.number >= 0 && events_) events_->unwatch(folder.number);
    return !wanted;
  });
  for (const auto& file : files_) watch_folder(folder_of(file.path));
  // After the folder is watched: a change between is seen twice, not never.
  for (std::size_t i = 0; i < files_.size(); ++i) read(i);
}

void FileWatch::open() {
  if (events_) return;
  auto events = linux::FileEvents::open();
  if (!events) {
    log_.print(LogLevel::error, "files cannot be tracked: {}", baton::describe(events.error()));
    return;
  }
  events_ = std::make_unique<linux::FileEvents>(std::move(*events));
  watch_ = std::make_unique<ReadWatch>(loop_, events_->release(), [this] { return read_events(); });
}

void FileWatch::watch_folder(const std::string& path) {
  auto known = std::ranges::find(folders_, path, &Folder::path);
  const bool is_new = known == folders_.end();
  if (is_new) known = folders_.insert(folders_.end(), Folder{-1, path});
  if (known->number >= 0 || !events_) return;
  const auto number = events_->watch(path);
  if (number) {
    known->number = *number;
  } else if (is_new) {
    log_.print(LogLevel::error, "track_file: {} cannot be watched yet: {}", path,
               baton::describe(number.error()));
  }
}

void FileWatch::retry_folders() {
  for (auto& folder : folders_) {
    if (folder.number >= 0) continue;
    watch_folder(std::string(folder.path));
    if (folder.number < 0) continue;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (folder_of(files_[i].path) == folder.path) read(i);
    }
  }
}

bool FileWatch::read_events() {
  std::vector<bool> changed(files_.size());
  events_->read([&](int number, std::string_view name) {
    const auto folder = std::ranges::find(folders_, number, &Folder::number);
    const bool all = number < 0;
    if (!all && folder == folders_.end()) return;
    if (!all && name.empty()) folder->number = -1;  // the folder itself is gone
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const bool same_folder = all || folder_of(files_[i].path) == folder->path;
      changed[i] = changed[i] || (same_folder && (name.empty() || name_of(files_[i].path) == name));
    }
  });
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (changed[i]) read(i);
  }
  return true;
}

void FileWatch::read(std::size_t file) {
  FileState state;
  const auto number = linux::read_number(files_[file].path);
  if (number) {
    state.value = *number;
  } else if (number.error().errno_value != ENOENT) {
    state.problem = baton::describe(number.error());
  }
  if (!state.problem.empty() && state.problem != states_[file].problem) {
    log_.print(LogLevel::error, "track_file {}: cannot read {}, it counts as 0: {}",
               files_[file].name, files_[file].path, state.problem);
  }
  states_[file] = std::move(state);
  report_(static_cast<std::uint32_t>(file));
}

}  // namespace baton::failover
