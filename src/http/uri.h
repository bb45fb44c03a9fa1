// Request targets (RFC 3986, RFC 9112 section 3.2): splitting path, query and fragment, and the
// normalisation that location matching is done on, as nginx does it: %XX decoded, "//" merged,
// "." and ".." resolved. The raw text stays what is proxied, unless a URI is replaced.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace baton::http {

struct SplitTarget {
  std::string_view path;   // as sent, without query
  std::string_view query;  // without '?'
  bool has_query = false;  // there was a '?', perhaps with nothing behind it
};

// Splits "/path?query#fragment"; the fragment is dropped.
SplitTarget split_target(std::string_view target);

// True when normalise_path would give back `path` as it is.
bool is_normal_path(std::string_view path, bool merge_slashes);

// Whether a part of the path is "..", however it is escaped: nobody but a client may ask for one.
bool climbs(std::string_view path);

// The normalised path, in `into`, which must have room for path.size() bytes. `path` must begin
// with '/'. nullopt: bad %XX, a NUL, or ".." above the root.
std::optional<std::string_view> normalise_path(std::string_view path, bool merge_slashes,
                                               char* into);

// Which characters are written as %XX: `path` for a decoded path that is sent in a request line
// or Location; `arguments` for a query.
enum class Escape : unsigned char { path, arguments };
// Appends `text` to `to`, escaped.
void append_escaped(std::string& to, std::string_view text, Escape escape = Escape::path);

// Value of `name` in a query "a=1&b=2" (name in any case, as nginx's $arg_name); nullopt if absent.
std::optional<std::string_view> find_argument(std::string_view query, std::string_view name);

}  // namespace baton::http
