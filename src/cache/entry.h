// One cached response and the form of its file. The form is baton's own: nginx's files are not
// read (nor baton's by nginx); a file that is not of this form counts as absent and is replaced by
// the next response of its key.
//
//   EntryHeader | Vary | "\nKEY: " key "\n" | response head as the upstream server sent it | body
//
// The body stands without framing. The line with the key is where nginx has it too, for scripts
// that find files by it. Files are made under another name and renamed when they are complete, so
// an entry is whole or not there; only the times in the header are ever changed in place.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cache/freshness.h"
#include "cache/key.h"
#include "runtime/fd.h"

struct stat;

namespace baton::cache {

// The file's first bytes, in the machine's byte order (a cache folder does not travel).
struct EntryHeader {
  static constexpr std::array<char, 8> expected_mark = {'b', 'a', 't', 'o', 'n', 'C', '1', '\n'};
  std::array<char, 8> mark = expected_mark;
  std::uint32_t vary_bytes = 0;
  std::uint32_t key_bytes = 0;
  std::uint32_t head_bytes = 0;
  std::uint32_t unused = 0;
  std::uint64_t body_bytes = 0;
  Seconds valid_until = 0;
  Seconds updating_seconds = 0;  // may be served so long beyond valid_until while it is renewed
  Seconds error_seconds = 0;     // ... when renewing it fails
  Key variant{};                 // variant_key() of the request that it answered, if vary_bytes
};
static_assert(sizeof(EntryHeader) == 72);

inline constexpr std::string_view key_mark = "\nKEY: ";
// Key, Vary and head of an entry are at most this long together.
inline constexpr std::size_t entry_prefix_max = std::size_t{1} << 20;

// Tells one state of a file from another: a changed or replaced file differs in one of these.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t changed_ns = 0;
  std::uint64_t size = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};
FileIdentity identity_of(const struct stat& status);

// What a file counts for max_size: whole blocks.
std::uint64_t disk_bytes_of(const struct stat& status);

// What is in memory of an entry: everything but the body, or with the body if it is small.
class Entry {
 public:
  // `bytes`: the beginning of the file; `body_too`: all of it.
  Entry(std::string path, std::string bytes, bool body_too, const FileIdentity& file,
        std::uint64_t disk_bytes);

  [[nodiscard]] const EntryHeader& header() const { return header_; }
  [[nodiscard]] std::string_view vary() const {
    return view().substr(sizeof(EntryHeader), header_.vary_bytes);
  }
  [[nodiscard]] std::string_view key() const {
    return view().substr(sizeof(EntryHeader) + header_.vary_bytes + key_mark.size(),
                         header_.key_bytes);
  }
  [[nodiscard]] std::string_view head() const {
    return view().substr(head_at(), header_.head_bytes);
  }
  [[nodiscard]] bool has_body() const { return body_too_; }
  [[nodiscard]] std::string_view body() const { return view().substr(body_at()); }
  // Where the body begins in the file.
  [[nodiscard]] std::size_t body_at() const { return head_at() + header_.head_bytes; }
  // Whether the file still is what was read. `file` gets it open, unless the body is in memory.
  [[nodiscard]] bool is_current(runtime::Fd& file) const;
  [[nodiscard]] const FileIdentity& file() const { return file_; }
  [[nodiscard]] std::uint64_t disk_bytes() const { return disk_bytes_; }
  [[nodiscard]] std::size_t memory_bytes() const {
    return sizeof(Entry) + path_.capacity() + bytes_.capacity();
  }

 private:
  [[nodiscard]] std::string_view view() const { return bytes_; }
  [[nodiscard]] std::size_t head_at() const {
    return sizeof(EntryHeader) + header_.vary_bytes + key_mark.size() + header_.key_bytes + 1;
  }
  std::string path_;
  std::string bytes_;
  EntryHeader header_;
  bool body_too_;
  FileIdentity file_;
  std::uint64_t disk_bytes_;
};

struct OpenEntry {
  std::shared_ptr<const Entry> entry;
  runtime::Fd file;  // for the body, unless it is in memory
};

// Files up to this size are read as a whole and may stay in memory.
inline constexpr std::size_t small_entry_bytes = 32768;

// Opens and reads an entry's file. Errors: system with ENOENT when there is none; malformed when
// it is not an entry (detail tells why).
Result<OpenEntry> open_entry(const std::string& path);

// The beginning of a file for a body of `header.body_bytes`; the sizes in `header` are set here.
std::string entry_prefix(EntryHeader& header, std::string_view vary, std::string_view key,
                         std::string_view head);

// Changes the times in the file at `path`, if it is still the one that `entry` was read from.
Status rewrite_times(const std::string& path, const Entry& entry, Seconds valid_until,
                     Seconds updating_seconds, Seconds error_seconds);

}  // namespace baton::cache
