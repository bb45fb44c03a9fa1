// Folders as responses: a listing (autoindex), or one of their files by chance (random_index).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/model/static.h"
#include "proxy/logs/error_log.h"
#include "proxy/request.h"

namespace baton::proxy {

struct ListedFile {
  std::string name;
  enum class Kind : std::uint8_t { file, folder, other } kind = Kind::file;
  std::uint64_t size_bytes = 0;
  WallTime modified{};
};

// The page of a folder in nginx's form; `files` in any order. `utf8`: names are counted in
// characters. `callback`: of jsonp, "" for none.
std::string listing_of(std::string_view uri, std::vector<ListedFile> files,
                       const config::StaticSettings& settings, bool utf8,
                       std::string_view callback);

// Answers with the listing of `folder` (a path with a slash at the end), which is the request's
// uri; or an error.
Verdict list_folder(Request& request, ErrorLog& log, const std::string& folder);

// An inner redirect to one of the folder's files; proceeds where there is none.
Verdict choose_random_file(Request& request, ErrorLog& log, const std::string& folder);

}  // namespace baton::proxy
