// Handlers of the gzip family, for the table in filters.cc.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

void read_gzip(Reader& reader, const Directive& directive);
void read_gzip_vary(Reader& reader, const Directive& directive);
void read_gzip_types(Reader& reader, const Directive& directive);
void read_gzip_comp_level(Reader& reader, const Directive& directive);
void read_gzip_window(Reader& reader, const Directive& directive);
void read_gzip_hash(Reader& reader, const Directive& directive);
void read_gzip_min_length(Reader& reader, const Directive& directive);
void read_gzip_http_version(Reader& reader, const Directive& directive);
void read_gzip_proxied(Reader& reader, const Directive& directive);
void read_gzip_disable(Reader& reader, const Directive& directive);
void read_gunzip(Reader& reader, const Directive& directive);
void read_gzip_static(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
