// Listings in nginx's words, so that what reads nginx's pages reads these.

#include "proxy/files/autoindex.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <iterator>
#include <memory>
#include <optional>

#include "base/random.h"
#include "base/text.h"
#include "http/date.h"
#include "http/uri.h"
#include "proxy/response/added_headers.h"

namespace baton::proxy {

namespace {

using config::StaticSettings;
using Format = StaticSettings::Format;
using Kind = ListedFile::Kind;

// Width of the names' column in html, in characters.
constexpr std::size_t name_width = 50;

void append_html(std::string& to, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<':
        to += "&lt;";
        break;
      case '>':
        to += "&gt;";
        break;
      case '&':
        to += "&amp;";
        break;
      case '"':
        to += "&quot;";
        break;
      default:
        to += c;
    }
  }
}

// A name as one component of a URI (RFC 3986 section 2.3: all but unreserved characters as %XX).
void append_component(std::string& to, std::string_view text) {
  for (const char c : text) {
    const char lower = to_lower(c);
    if (is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      to += c;
    } else {
      fmt::format_to(std::back_inserter(to), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
}

void append_json(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (c == '\n') {
      to += "\\n";
    } else if (c == '\r') {
      to += "\\r";
    } else if (c == '\t') {
      to += "\\t";
    } else if (c == '\b') {
      to += "\\b";
    } else if (c == '\f') {
      to += "\\f";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(to), "\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      to += c;
    }
  }
}

// How many bytes the first `most` characters take, and how many characters there are.
struct Characters {
  std::size_t bytes = 0;
  std::size_t count = 0;
};
Characters count_characters(std::string_view text, std::size_t most, bool utf8) {
  Characters seen;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool continues = utf8 && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
    if (!continues && seen.count++ == most && seen.bytes == 0) seen.bytes = i;
  }
  if (seen.count <= most) seen.bytes = text.size();
  return seen;
}

// "1K", "23M": in units of 1024, rounded, once there are five digits.
void append_size(std::string& to, std::uint64_t bytes) {
  struct Unit {
    std::uint64_t from;
    std::uint64_t size;
    char letter;
  };
  constexpr Unit units[] = {
      {1u << 30, 1u << 30, 'G'}, {1u << 20, 1u << 20, 'M'}, {10000, 1u << 10, 'K'}};
  for (const Unit& unit : units) {
    if (bytes < unit.from) continue;
    const std::uint64_t rounded = bytes / unit.size + (bytes % unit.size >= unit.size / 2 ? 1 : 0);
    fmt::format_to(std::back_inserter(to), "{:6}{}", rounded, unit.letter);
    return;
  }
  fmt::format_to(std::back_inserter(to), " {:6}", bytes);
}

std::tm broken_down(WallTime time, bool local) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  if (local) {
    localtime_r(&seconds, &parts);
  } else {
    gmtime_r(&seconds, &parts);
  }
  return parts;
}

void append_html_line(std::string& page, const ListedFile& file, const StaticSettings& settings,
                      bool utf8) {
  const std::string_view slash = file.kind == Kind::folder ? "/" : "";
  page += "<a href=\"";
  append_component(page, file.name);
  page.append(slash).append("\">");
  const Characters name = count_characters(file.name, name_width, utf8);
  const std::size_t shown_count = name.count + slash.size();
  if (name.count > name_width) {
    const Characters cut = count_characters(file.name, name_width - 3, utf8);
    append_html(page, std::string_view(file.name).substr(0, cut.bytes));
    page += "..&gt;</a>";
  } else {
    append_html(page, file.name);
    if (shown_count <= name_width) page += slash;
    page += "</a>";
    page.append(name_width - std::min(shown_count, name_width), ' ');
  }
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm time = broken_down(file.modified, settings.local_time);
  fmt::format_to(std::back_inserter(page), " {:02}-{}-{} {:02}:{:02} ", time.tm_mday,
                 months[time.tm_mon], time.tm_year + 1900, time.tm_hour, time.tm_min);
  if (file.kind == Kind::folder) {
    page += settings.exact_size ? "                  -" : "      -";
  } else if (settings.exact_size) {
    fmt::format_to(std::back_inserter(page), "{:19}", file.size_bytes);
  } else {
    append_size(page, file.size_bytes);
  }
  page += "\r\n";
}

std::string html_listing(std::string_view uri, const std::vector<ListedFile>& files,
                         const StaticSettings& settings, bool utf8) {
  std::string page = "<html>\r\n<head><title>Index of ";
  append_html(page, uri);
  page += "</title></head>\r\n<body>\r\n<h1>Index of ";
  append_html(page, uri);
  page += "</h1><hr><pre><a href=\"../\">../</a>\r\n";
  for (const ListedFile& file : files) append_html_line(page, file, settings, utf8);
  page += "</pre><hr></body>\r\n</html>\r\n";
  return page;
}

constexpr std::string_view kind_names[] = {"file", "directory", "other"};

std::string json_listing(const std::vector<ListedFile>& files, std::string_view callback) {
  std::string page;
  if (!callback.empty()) page.append("/* callback */\r\n").append(callback).append("(");
  page += "[";
  std::string_view separator = "\r\n";
  for (const ListedFile& file : files) {
    page.append(separator).append("{ \"name\":\"");
    append_json(page, file.name);
    page.append("\", \"type\":\"").append(kind_names[static_cast<std::size_t>(file.kind)]);
    page.append("\", \"mtime\":\"").append(http::format_date(file.modified).view()).append("\"");
    if (file.kind == Kind::file) {
      fmt::format_to(std::back_inserter(page), ", \"size\":{}", file.size_bytes);
    }
    page += " }";
    separator = ",\r\n";
  }
  page += "\r\n]";
  if (!callback.empty()) page += ");";
  return page;
}

std::string xml_listing(const std::vector<ListedFile>& files) {
  std::string page = "<?xml version=\"1.0\"?>\r\n<list>\r\n";
  for (const ListedFile& file : files) {
    const std::string_view kind = kind_names[static_cast<std::size_t>(file.kind)];
    const std::tm time = broken_down(file.modified, false);
    fmt::format_to(std::back_inserter(page), "<{} mtime=\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z\"",
                   kind, time.tm_year + 1900, time.tm_mon + 1, time.tm_mday, time.tm_hour,
                   time.tm_min, time.tm_sec);
    if (file.kind == Kind::file) {
      fmt::format_to(std::back_inserter(page), " size=\"{}\"", file.size_bytes);
    }
    page += ">";
    append_html(page, file.name);
    page.append("</").append(kind).append(">\r\n");
  }
  page += "</list>\r\n";
  return page;
}

struct FolderCloser {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, FolderCloser>;

// What is known of one entry; a link that leads nowhere is shown as itself.
std::optional<ListedFile> describe_entry(const std::string& path, std::string_view name) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 && ::lstat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  ListedFile file;
  file.name = name;
  file.kind = S_ISDIR(status.st_mode)                              ? Kind::folder
              : S_ISREG(status.st_mode) || S_ISLNK(status.st_mode) ? Kind::file
                                                                   : Kind::other;
  file.size_bytes = static_cast<std::uint64_t>(status.st_size);
  file.modified = WallTime{std::chrono::seconds(status.st_mtim.tv_sec)};
  return file;
}

// Everything in the folder but hidden files. nullopt: it could not be opened, errno tells.
std::optional<std::vector<ListedFile>> read_folder(const std::string& folder) {
  const Folder open(::opendir(folder.c_str()));
  if (!open) return std::nullopt;
  std::vector<ListedFile> files;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with('.')) continue;
    // What was removed meanwhile is not there.
    if (auto file = describe_entry(folder + entry->d_name, name)) files.push_back(std::move(*file));
  }
  return files;
}

Verdict opening_failed(Request& request, ErrorLog& log, const std::string& folder, int failure) {
  const bool missing = failure == ENOENT || failure == ENOTDIR || failure == ENAMETOOLONG;
  const bool forbidden = failure == EACCES;
  log.write(
      missing || forbidden ? LogLevel::error : LogLevel::critical, request,
      fmt::format("opendir() \"{}\" failed ({}: {})", folder, failure, std::strerror(failure)));
  return Verdict::error(missing ? 404 : forbidden ? 403 : 500);
}

// Of jsonp: letters, digits, and what object paths are made of; nothing that could be a script.
std::optional<std::string_view> callback_of(const Request& request) {
  const std::string_view name = http::find_argument(request.args, "callback").value_or("");
  if (name.size() > 128) return std::nullopt;
  for (const char c : name) {
    const char lower = to_lower(c);
    const bool fits = is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '_' || c == '.';
    if (!fits) return std::nullopt;
  }
  return name;
}

}  // namespace

std::string listing_of(std::string_view uri, std::vector<ListedFile> files,
                       const StaticSettings& settings, bool utf8, std::string_view callback) {
  std::ranges::sort(files, [](const ListedFile& a, const ListedFile& b) {
    const bool a_folder = a.kind == Kind::folder;
    const bool b_folder = b.kind == Kind::folder;
    return a_folder != b_folder ? a_folder : a.name < b.name;
  });
  switch (settings.format) {
    case Format::json:
      return json_listing(files, {});
    case Format::jsonp:
      return json_listing(files, callback);
    case Format::xml:
      return xml_listing(files);
    case Format::html:
      break;
  }
  return html_listing(uri, files, settings, utf8);
}

Verdict list_folder(Request& request, ErrorLog& log, const std::string& folder) {
  const StaticSettings& settings = *request.location->files;
  auto files = read_folder(folder);
  if (!files) return opening_failed(request, log, folder, errno);
  std::optional<std::string_view> asked;
  std::string_view callback;
  Response& response = request.response;
  switch (settings.format) {
    case Format::html:
      response.content_type = "text/html";
      break;
    case Format::jsonp:
      asked = callback_of(request);
      if (!asked) return Verdict::error(400);
      callback = *asked;
      [[fallthrough]];
    case Format::json:
      response.content_type = callback.empty() ? "application/json" : "application/javascript";
      break;
    case Format::xml:
      response.content_type = "text/xml; charset=utf-8";
      break;
  }
  response.status = 200;
  add_charset(request);
  const bool utf8 = response.content_type.ends_with("charset=utf-8");
  response.text =
      request.arena.store(listing_of(request.uri, std::move(*files), settings, utf8, callback));
  return Verdict::respond();
}

Verdict choose_random_file(Request& request, ErrorLog& log, const std::string& folder) {
  auto files = read_folder(folder);
  if (!files) return opening_failed(request, log, folder, errno);
  std::erase_if(*files, [](const ListedFile& file) { return file.kind != Kind::file; });
  if (files->empty()) return Verdict::proceed();
  thread_local Random random(
      static_cast<std::uint64_t>(request.started.time_since_epoch().count()));
  const std::string& name = (*files)[random.below(files->size())].name;
  return Verdict::redirect(request.arena.join({request.uri, name}), request.args);
}

}  // namespace baton::proxy
