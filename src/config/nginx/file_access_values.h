// Directives about how nginx reads and keeps files, which change nothing here: their values are
// checked all the same, so that a file that baton takes is one that nginx takes, and the other way
// round.
#pragma once

namespace baton::config::nginx {

class Reader;
struct Directive;

// aio: on, off, threads, threads=POOL.
void check_aio(Reader& reader, const Directive& directive);
// directio: off, or the size from which it holds.
void check_directio(Reader& reader, const Directive& directive);
// open_file_cache: off, or max=N with inactive=TIME.
void check_open_file_cache(Reader& reader, const Directive& directive);
// proxy_store_access and its like: user:, group:, all: with r or rw.
void check_store_access(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
