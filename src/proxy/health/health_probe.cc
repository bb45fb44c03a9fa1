// The conversation of a health check.

#include "proxy/health/health_probe.h"

#include <algorithm>
#include <array>

#include "proxy/forwarding/attempt.h"
#include "proxy/response/response_head.h"

namespace baton::proxy {

namespace {

constexpr std::size_t read_bytes = 16384;
constexpr std::string_view connecting = "connecting to upstream";
constexpr std::string_view sending = "sending request to upstream";
constexpr std::string_view reading_head = "reading response header from upstream";
constexpr std::string_view reading = "reading upstream";
constexpr Error closed_early{ErrorKind::closed, Side::upstream, Retry::no, 0,
                             "upstream prematurely closed connection"};

}  // namespace

bool HealthProbe::fail(HealthFinding& finding, const Error& error, std::string_view action) {
  finding.healthy = false;
  finding.problem = failure_message(error);
  finding.action = action;
  return false;
}

runtime::Task<void> HealthProbe::run(const HealthProbeTarget& target, HealthFinding& finding) {
  if (plan_.rule->tcp) {
    kept_.stream.reset();
    finding.healthy = co_await open(target, finding);
    kept_.stream.reset();
    co_return;
  }
  write_request();
  if (kept_.stream && loop_.now() >= kept_.opened + plan_.rule->keepalive_time) {
    kept_.stream.reset();
  }
  // A kept connection may have ended meanwhile: that says nothing about the server.
  bool answered = false;
  if (kept_.stream) answered = co_await converse(finding);
  if (!answered) {
    finding = {};
    const bool opened = co_await open(target, finding);
    if (opened) co_await converse(finding);
  }
  if (!reusable_) kept_.stream.reset();
}

runtime::Task<bool> HealthProbe::open(const HealthProbeTarget& target, HealthFinding& finding) {
  auto fd = target.unix_path.empty() ? runtime::begin_connect(target.endpoint)
                                     : runtime::begin_connect_unix(target.unix_path);
  if (!fd) co_return fail(finding, fd.error(), connecting);
  kept_.stream = std::make_unique<runtime::Stream>(loop_, std::move(*fd), true);
  kept_.opened = loop_.now();
  const auto connected = co_await kept_.stream->connected(loop_.now() + proxy_.connect_timeout);
  if (!connected) co_return fail(finding, connected.error(), connecting);
  co_return true;
}

// Written like a request of a client to this location, as far as there is something to say
// without one: variables of the client are empty.
void HealthProbe::write_request() {
  request_.client = &client_;
  request_.proxy = plan_.config;
  request_.server = plan_.server;
  request_.location = plan_.location;
  request_.head.method = http::Method::get;
  request_.head.method_name = "GET";
  request_.host = proxy_.host_header;
  request_.raw_uri = plan_.rule->uri;
  const std::string_view uri = plan_.rule->uri;
  const std::size_t query = std::min(uri.find('?'), uri.size());
  request_.uri = request_.raw_path = uri.substr(0, query);
  if (query < uri.size()) request_.args = uri.substr(query + 1);
  text_.append("GET ").append(uri);
  text_.append(proxy_.http_1_1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  bool sets_connection = false;
  for (const config::HeaderLine& line : proxy_.set_headers) {
    const std::size_t start = text_.size();
    text_.append(line.name).append(": ");
    const std::size_t value = text_.size();
    append_header_value(text_, line.value, request_);
    sets_connection |= line.name == "Connection" && text_.size() > value;
    if (text_.size() == value) {
      text_.resize(start);
    } else {
      text_.append("\r\n");
    }
  }
  const bool keeps = plan_.rule->keepalive_time > 0s && proxy_.http_1_1;
  if (!sets_connection && !keeps) text_.append("Connection: close\r\n");
  text_.append("\r\n");
}

// False: no answer came.
runtime::Task<bool> HealthProbe::converse(HealthFinding& finding) {
  reusable_ = false;
  std::array<iovec, 1> pieces = {iovec{text_.data(), text_.size()}};
  const auto sent = co_await kept_.stream->write_all(pieces, loop_.now() + proxy_.send_timeout);
  if (!sent) co_return fail(finding, sent.error(), sending);
  const bool has_head = co_await read_head(finding);
  if (!has_head) co_return false;
  UpstreamAttempt record;
  record.status = head_.status;
  request_.attempts.assign(1, record);
  request_.upstream_head = &head_;
  finding.action = plan_.judge->judge_head(request_);
  if (!finding.action.empty()) co_return true;
  const bool wants_more = plan_.rule->keepalive_time > 0s && head_.keep_alive;
  if (plan_.judge->needs_body() || wants_more) {
    const bool whole = co_await read_body(finding);
    if (!whole && !finding.problem.empty()) co_return true;
    reusable_ = whole && wants_more && head_.framing.kind != http::BodyKind::until_close;
    finding.action = plan_.judge->judge_body(body_);
  }
  finding.healthy = finding.action.empty();
  co_return true;
}

runtime::Task<bool> HealthProbe::read_head(HealthFinding& finding) {
  if (!buffer_) buffer_ = std::make_unique<char[]>(read_bytes);
  http::ResponseParser parser;
  http::HeadLimits limits;
  limits.line_bytes = limits.total_bytes = std::min(proxy_.buffer_size_bytes, read_bytes);
  limits.underscores_in_headers = true;
  received_ = 0;
  head_.clear();
  const Instant deadline = loop_.now() + proxy_.read_timeout;
  while (true) {
    const std::span<char> space(buffer_.get() + received_, read_bytes - received_);
    const auto got = co_await kept_.stream->read(space, deadline);
    if (!got) co_return fail(finding, got.error(), reading_head);
    if (*got == 0) co_return fail(finding, closed_early, reading_head);
    received_ += *got;
    auto progress = parser.parse({buffer_.get(), received_}, head_, http::Method::get, limits);
    while (progress == http::Progress::complete && head_.status < 200) {
      received_ -= head_.bytes;
      std::copy_n(buffer_.get() + head_.bytes, received_, buffer_.get());
      head_.clear();
      parser.restart();
      progress = parser.parse({buffer_.get(), received_}, head_, http::Method::get, limits);
    }
    if (progress == http::Progress::complete) co_return true;
    if (progress == http::Progress::refused || received_ == read_bytes) {
      const bool refused = progress == http::Progress::refused;
      const Error error{ErrorKind::malformed, Side::upstream, Retry::no, 0,
                        refused ? parser.refusal().why.data() : "upstream sent too big header"};
      co_return fail(finding, error, reading_head);
    }
  }
}

bool HealthProbe::take_body(std::span<char> input) {
  std::span<char> bytes = input;
  bool more = true;
  if (head_.framing.kind == http::BodyKind::chunked) {
    const auto decoded = chunks_.decode(input);
    bytes = decoded.body;
    more = decoded.state == http::ChunkedDecoder::State::more;
  } else if (head_.framing.kind == http::BodyKind::length) {
    bytes = input.first(std::min<std::uint64_t>(input.size(), body_left_));
    body_left_ -= bytes.size();
    more = body_left_ > 0;
  } else if (head_.framing.kind == http::BodyKind::none) {
    return false;
  }
  const std::size_t room = HealthJudge::body_bytes_max - body_.size();
  body_.append(bytes.data(), std::min(room, bytes.size()));
  return more;
}

// False: the body did not come whole, by a failure or because it is larger than what is looked at.
runtime::Task<bool> HealthProbe::read_body(HealthFinding& finding) {
  body_.clear();
  chunks_ = {};
  body_left_ = head_.framing.content_length;
  const Instant deadline = loop_.now() + proxy_.read_timeout;
  // What came behind the head; the head's own bytes stay, for its views.
  bool more = take_body({buffer_.get() + head_.bytes, received_ - head_.bytes});
  std::unique_ptr<char[]> space;
  while (more && body_.size() < HealthJudge::body_bytes_max) {
    if (!space) space = std::make_unique<char[]>(read_bytes);
    const auto got = co_await kept_.stream->read({space.get(), read_bytes}, deadline);
    if (!got) co_return fail(finding, got.error(), reading);
    if (*got == 0) {
      if (head_.framing.kind == http::BodyKind::until_close) co_return true;
      co_return fail(finding, closed_early, reading);
    }
    more = take_body({space.get(), *got});
  }
  co_return !more;
}

}  // namespace baton::proxy
