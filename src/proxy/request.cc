// Reuse of a Request: its vectors and arena keep their memory from one request to the next.

#include "proxy/request.h"

namespace baton::proxy {

void Request::reset() {
  client = connected = nullptr;
  head.clear();
  host = uri = args = raw_path = raw_uri = {};
  uri_changed = false;
  stored_body.reset();
  early_body = streamed_start = {};
  body_given_up = false;
  proxy = nullptr;
  server = nullptr;
  location = nullptr;
  captures.clear();
  defined.forget();
  location_fits_uri = true;
  uri_behind_alias = false;
  limit_rate.reset();
  user_id.reset();
  internal = subrequest = false;
  redirects = 0;
  error_status = 0;
  started = ended = Instant{};
  ended_at = WallTime{};
  request_length = bytes_sent = body_bytes_sent = 0;
  gzip_in_bytes = gzip_out_bytes = 0;
  completed = pipelined = false;
  request_id[0] = '\0';
  passed = nullptr;
  attempts.clear();
  upstream_head = nullptr;
  upstream_trailers.clear();
  passes_trailers = false;
  added_trailers.clear();
  cache = {};
  response.reset();
  challenges.clear();
  limit_req_status = limit_conn_status = LimitStatus::none;
  header_sent = false;
  keep_alive = true;
  arena.reset();
}

}  // namespace baton::proxy
