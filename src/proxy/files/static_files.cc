// Finding, judging and describing files.

#include "proxy/files/static_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "config/model/compression.h"
#include "config/model/static.h"
#include "http/uri.h"
#include "proxy/files/autoindex.h"
#include "proxy/files/file_access.h"
#include "proxy/files/file_response.h"
#include "proxy/response/compression.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using http::Method;
using Static = config::CompressionSettings::Static;

// An error page is asked for with GET, whatever the client's method was.
bool is_get(const Request& request) {
  if (request.error_status != 0) return true;
  return request.head.method == Method::get || request.head.method == Method::head;
}

std::string failure_text(std::string_view call, const std::string& path, int errno_value) {
  return fmt::format("{} \"{}\" failed ({}: {})", call, path, errno_value,
                     std::strerror(errno_value));
}

Verdict refuse_climbing(Request& request, ErrorLog& log, const std::string& path) {
  log.write(LogLevel::error, request, fmt::format("\"{}\" leaves its root", path));
  return Verdict::error(404);
}

Verdict open_failed(Request& request, ErrorLog& log, const std::string& path,
                    const OpenedFile& opened) {
  const int failure = opened.errno_value;
  const bool missing = failure == ENOENT || failure == ENOTDIR || failure == ENAMETOOLONG;
  const bool forbidden = failure == EACCES || failure == ELOOP;
  if (!missing || request.location->log_not_found) {
    log.write(missing || forbidden ? LogLevel::error : LogLevel::critical, request,
              failure_text(opened.call, path, failure));
  }
  return Verdict::error(missing ? 404 : forbidden ? 403 : 500);
}

// The index's own failures, in its own words.
Verdict index_failed(Request& request, ErrorLog& log, const std::string& path, int errno_value) {
  const bool forbidden = errno_value == EACCES || errno_value == ELOOP;
  if (forbidden || request.location->log_not_found) {
    log.write(LogLevel::error, request,
              fmt::format("\"{}\" is {} ({}: {})", path, forbidden ? "forbidden" : "not found",
                          errno_value, std::strerror(errno_value)));
  }
  return Verdict::error(forbidden ? 403 : 404);
}

// One name of the index: an inner redirect where the file is there, an error, or on to the next.
// `folder_seen`: the folder itself was looked at, because a first name was missing in it.
Verdict try_index(Request& request, ErrorLog& log, const std::string& folder, std::string_view name,
                  bool& folder_seen) {
  if (name.starts_with('/')) return Verdict::redirect(name, request.args);
  struct stat status{};
  const std::string path = folder + std::string(name);
  const int failure = examine_file(request, path, status);
  if (failure == 0) return Verdict::redirect(request.arena.join({request.uri, name}), request.args);
  if (failure == ENOTDIR || failure == ENAMETOOLONG || failure == EACCES || failure == ELOOP) {
    return index_failed(request, log, path, failure);
  }
  if (failure != ENOENT) {
    log.write(LogLevel::critical, request, failure_text("stat()", path, failure));
    return Verdict::error(500);
  }
  if (!folder_seen) {
    const int missing = examine_file(request, folder, status);
    if (missing != 0) return index_failed(request, log, path, missing);
  }
  folder_seen = true;
  return Verdict::proceed();
}

// The first index file that exists, as an inner redirect.
Verdict find_index(Request& request, ErrorLog& log, const std::string& folder) {
  bool folder_seen = false;
  for (const config::TemplateText& index : request.location->index) {
    std::string text;
    std::string_view name = index.literal();
    if (!index.is_literal()) {
      append_text(text, index, request);
      name = request.arena.store(text);
    }
    const Verdict found = try_index(request, log, folder, name, folder_seen);
    if (found.kind != Verdict::Kind::proceed) return found;
  }
  return Verdict::proceed();
}

// A URI with a slash at its end: an index file, a listing, or nothing.
Verdict serve_folder(Request& request, ErrorLog& log) {
  std::string folder;
  append_request_filename(folder, request);
  if (climbs_out(request, folder)) return refuse_climbing(request, log, folder);
  const config::StaticSettings* settings = request.location->files.get();
  if (settings && settings->random_index && is_get(request)) {
    const Verdict chosen = choose_random_file(request, log, folder);
    if (chosen.kind != Verdict::Kind::proceed) return chosen;
  }
  const Verdict found = find_index(request, log, folder);
  if (found.kind != Verdict::Kind::proceed) return found;
  if (settings && settings->autoindex && is_get(request)) return list_folder(request, log, folder);
  log.write(LogLevel::error, request,
            fmt::format("directory index of \"{}\" is forbidden", folder));
  return Verdict::error(403);
}

// 301 to the same path with a slash.
Verdict redirect_to_folder(Request& request) {
  std::string target;
  http::append_escaped(target, request.uri);
  target += '/';
  if (!request.args.empty()) target.append("?").append(request.args);
  request.response.location = request.arena.store(target);
  return Verdict::error(301);
}

// gzip_static: the file beside it that was packed beforehand. Proceeds where there is none, or the
// client does not take it.
Verdict serve_packed(Request& request, ErrorLog& log, const std::string& path) {
  const config::CompressionSettings& settings = *request.location->compression;
  const bool taken = settings.gzip_static == Static::always || client_takes_gzip(request);
  // Without gzip_vary nobody asks whether a packed file exists.
  if (!taken && !settings.vary) return Verdict::proceed();
  const std::string packed = path + ".gz";
  OpenedFile opened = open_file(request, packed);
  struct stat status{};
  if (!opened.fd || ::fstat(opened.fd.get(), &status) != 0) return Verdict::proceed();
  request.response.depends_on_gzip = settings.gzip_static == Static::on;
  if (!taken || S_ISDIR(status.st_mode)) return Verdict::proceed();
  if (!S_ISREG(status.st_mode)) {
    log.write(LogLevel::critical, request, fmt::format("\"{}\" is not a regular file", packed));
    return Verdict::error(404);
  }
  request.response.headers.push_back({"Content-Encoding", "gzip"});
  const WallTime modified{std::chrono::seconds(status.st_mtim.tv_sec)};
  return respond_with_file(request, std::move(opened.fd),
                           static_cast<std::uint64_t>(status.st_size), modified);
}

}  // namespace

Verdict serve_file(Request& request, ErrorLog& log) {
  // POST goes as far as nginx lets it, for the same answers: 404 before 405.
  if (!is_get(request) && request.head.method != Method::post) return Verdict::error(405);
  if (!alias_fits(request)) return Verdict::error(500);
  if (request.uri.ends_with('/')) return serve_folder(request, log);
  std::string path;
  append_request_filename(path, request);
  if (climbs_out(request, path)) return refuse_climbing(request, log, path);
  const config::CompressionSettings* compression = request.location->compression.get();
  if (compression && compression->gzip_static != Static::off && is_get(request)) {
    Verdict packed = serve_packed(request, log, path);
    if (packed.kind != Verdict::Kind::proceed) return packed;
  }
  OpenedFile opened = open_file(request, path);
  if (!opened.fd) return open_failed(request, log, path, opened);
  struct stat status{};
  if (::fstat(opened.fd.get(), &status) != 0) {
    log.write(LogLevel::critical, request, failure_text("fstat()", path, errno));
    return Verdict::error(500);
  }
  if (S_ISDIR(status.st_mode)) return redirect_to_folder(request);
  if (!S_ISREG(status.st_mode)) {
    log.write(LogLevel::critical, request, fmt::format("\"{}\" is not a regular file", path));
    return Verdict::error(404);
  }
  if (!is_get(request)) return Verdict::error(405);
  const WallTime modified{std::chrono::seconds(status.st_mtim.tv_sec)};
  return respond_with_file(request, std::move(opened.fd),
                           static_cast<std::uint64_t>(status.st_size), modified);
}

}  // namespace baton::proxy
