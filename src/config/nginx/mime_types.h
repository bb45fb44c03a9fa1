// Reading lists of media types: gzip_types, charset_types and their like.
#pragma once

#include "config/model/mime_set.h"
#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Takes the words of `directive` into `set`. The first directive of its name on a level starts
// afresh with text/html, which is always in the list; further ones add to it.
void read_mime_types(Reader& reader, const Directive& directive, MimeSet& set);

}  // namespace baton::config::nginx
