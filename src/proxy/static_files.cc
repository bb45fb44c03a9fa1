// Finding, judging and describing files.

#include "proxy/static_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "http/uri.h"
#include "proxy/file_response.h"
#include "proxy/variables.h"

namespace baton::proxy {

namespace {

using http::Method;

// An error page is asked for with GET, whatever the client's method was.
bool is_get(const Request& request) {
  if (request.error_status != 0) return true;
  return request.head.method == Method::get || request.head.method == Method::head;
}

std::string failure(std::string_view call, const std::string& path, int errno_value) {
  return fmt::format("{} \"{}\" failed ({}: {})", call, path, errno_value,
                     std::strerror(errno_value));
}

// An alias joins its path to what is behind the prefix, so "/img../x" would climb out of it; so
// could captures in a path. Such requests find nothing.
bool climbs(std::string_view path) {
  return path.find("/../") != std::string_view::npos || path.ends_with("/..");
}

Verdict refuse_climbing(Request& request, ErrorLog& log, const std::string& path) {
  log.write(LogLevel::error, request, fmt::format("\"{}\" leaves its root", path));
  return Verdict::error(404);
}

Verdict open_failed(Request& request, ErrorLog& log, const std::string& path, int errno_value) {
  const bool missing =
      errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ENAMETOOLONG;
  const bool forbidden = errno_value == EACCES || errno_value == ELOOP;
  if (!missing || request.location->log_not_found) {
    log.write(missing || forbidden ? LogLevel::error : LogLevel::critical, request,
              failure("open()", path, errno_value));
  }
  return Verdict::error(missing ? 404 : forbidden ? 403 : 500);
}

// The index's own failures, in its own words.
Verdict index_failed(Request& request, ErrorLog& log, const std::string& path, int errno_value) {
  const bool forbidden = errno_value == EACCES;
  if (forbidden || request.location->log_not_found) {
    log.write(LogLevel::error, request,
              fmt::format("\"{}\" is {} ({}: {})", path, forbidden ? "forbidden" : "not found",
                          errno_value, std::strerror(errno_value)));
  }
  return Verdict::error(forbidden ? 403 : 404);
}

// The first index file that exists, as an inner redirect.
Verdict find_index(Request& request, ErrorLog& log) {
  std::string folder;
  append_request_filename(folder, request);
  if (climbs(folder)) return refuse_climbing(request, log, folder);
  struct stat status{};
  bool folder_seen = false;
  for (const config::TemplateText& index : request.location->index) {
    std::string text;
    std::string_view name = index.literal();
    if (!index.is_literal()) {
      append_text(text, index, request);
      name = request.arena.store(text);
    }
    if (name.starts_with('/')) return Verdict::redirect(name, request.args);
    const std::string path = folder + std::string(name);
    if (::stat(path.c_str(), &status) == 0) {
      return Verdict::redirect(request.arena.join({request.uri, name}), request.args);
    }
    if (errno == ENOTDIR || errno == ENAMETOOLONG || errno == EACCES) {
      return index_failed(request, log, path, errno);
    }
    if (errno != ENOENT) {
      log.write(LogLevel::critical, request, failure("stat()", path, errno));
      return Verdict::error(500);
    }
    if (!folder_seen && ::stat(folder.c_str(), &status) != 0) {
      return index_failed(request, log, path, errno);
    }
    folder_seen = true;
  }
  return Verdict::proceed();
}

Verdict forbid_listing(Request& request, ErrorLog& log) {
  std::string folder;
  append_request_filename(folder, request);
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

}  // namespace

Verdict serve_file(Request& request, ErrorLog& log) {
  // POST goes as far as nginx lets it, for the same answers: 404 before 405.
  if (!is_get(request) && request.head.method != Method::post) return Verdict::error(405);
  if (!alias_fits(request)) return Verdict::error(500);
  if (request.uri.ends_with('/')) {
    const Verdict found = find_index(request, log);
    return found.kind == Verdict::Kind::proceed ? forbid_listing(request, log) : found;
  }
  std::string path;
  append_request_filename(path, request);
  if (climbs(path)) return refuse_climbing(request, log, path);
  // Not blocking: a named pipe in the folder must not stop the thread.
  runtime::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return open_failed(request, log, path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    log.write(LogLevel::critical, request, failure("fstat()", path, errno));
    return Verdict::error(500);
  }
  if (S_ISDIR(status.st_mode)) return redirect_to_folder(request);
  if (!S_ISREG(status.st_mode)) {
    log.write(LogLevel::critical, request, fmt::format("\"{}\" is not a regular file", path));
    return Verdict::error(404);
  }
  if (!is_get(request)) return Verdict::error(405);
  const WallTime modified{std::chrono::seconds(status.st_mtim.tv_sec)};
  return respond_with_file(request, std::move(file), static_cast<std::uint64_t>(status.st_size),
                           modified);
}

}  // namespace baton::proxy
