// Writing one response into the cache while it is passed on to the client. Small responses are
// gathered in memory and written at once; larger ones go to a file under a temporary name as they
// come. commit() renames that file into its place; ended in any other way, nothing is left.
//
// Whatever fails here (a full disk, a folder that cannot be written) concerns the cache only: the
// Fill stops, says why once, and the response goes on to its client.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cache/cache.h"
#include "runtime/fd.h"

namespace baton::cache {

class Fill {
 public:
  struct Response {
    std::string_view head;  // as the upstream server sent it, with the empty line
    std::string_view vary;
    Seconds valid_until = 0;
    Seconds updating_seconds = 0;
    Seconds error_seconds = 0;
  };
  // `lookup` must have found miss, stale, updating (or have been passed by); its hold becomes the
  // Fill's. `request`: the client's headers, for Vary.
  Fill(Lookup& lookup, const http::HeaderTable& request, const Response& response);
  Fill(const Fill&) = delete;
  Fill& operator=(const Fill&) = delete;
  ~Fill();

  // The next bytes of the body. False when the Fill has failed, now or before.
  bool write(std::string_view bytes);
  // The body is complete. False when the entry could not be put into its place.
  bool commit();
  [[nodiscard]] bool failed() const { return !problem_.empty(); }
  // What failed, in nginx's form, for the error log.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  bool open_file();
  bool flush();
  bool write_out(std::string_view left);
  bool make_folders();
  bool fail(std::string_view call, const std::string& path);
  void discard();

  Cache& cache_;
  Index::Hold hold_;
  EntryHeader header_;
  std::string path_;
  std::string temporary_path_;
  runtime::Fd file_;
  std::string pending_;  // not written yet; begins with the prefix
  std::uint64_t written_ = 0;
  std::string problem_;
};

}  // namespace baton::cache
