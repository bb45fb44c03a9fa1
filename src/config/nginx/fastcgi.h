// fastcgi_pass and its family, for the rows in gateways.cc and for locations.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Called when a location's settings have all been read; does nothing without a fastcgi_pass.
void finish_fastcgi(Reader& reader, Level& level);

void read_fastcgi_pass(Reader& reader, const Directive& directive);
void read_fastcgi_param(Reader& reader, const Directive& directive);
void read_fastcgi_index(Reader& reader, const Directive& directive);
void read_fastcgi_split_path_info(Reader& reader, const Directive& directive);
void read_fastcgi_keep_conn(Reader& reader, const Directive& directive);
void read_fastcgi_catch_stderr(Reader& reader, const Directive& directive);
void read_fastcgi_hide_header(Reader& reader, const Directive& directive);
void read_fastcgi_pass_header(Reader& reader, const Directive& directive);
// What is like a proxy_* rule: bind, limit_rate, ignore_headers, socket_*, force_ranges.
void read_fastcgi_rule(Reader& reader, const Directive& directive);
void read_fastcgi_next_upstream(Reader& reader, const Directive& directive);
void read_fastcgi_buffer_size(Reader& reader, const Directive& directive);
void read_fastcgi_buffers(Reader& reader, const Directive& directive);
void read_fastcgi_temp_path(Reader& reader, const Directive& directive);
void read_fastcgi_max_temp_file_size(Reader& reader, const Directive& directive);
void read_fastcgi_next_upstream_tries(Reader& reader, const Directive& directive);
void read_fastcgi_time(Reader& reader, const Directive& directive);
void read_fastcgi_switch(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
