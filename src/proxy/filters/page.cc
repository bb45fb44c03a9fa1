// Putting together.

#include "proxy/filters/page.h"

#include <string>

#include "config/model/ssi.h"
#include "config/model/substitution.h"
#include "proxy/client/client_output.h"
#include "proxy/filters/page_filters.h"
#include "proxy/filters/ssi.h"
#include "proxy/filters/subrequest.h"

namespace baton::proxy {

class Page final : public ResponseSink {
 public:
  // `rest` is what follows behind the page: filters, framing, head.
  Page(Exchange& exchange, OutgoingBody rest)
      : exchange_(exchange), behind_(exchange.sink), rest_(std::move(rest)) {
    exchange.sink = this;
    const config::Location& location = *exchange.request.location;
    if (wants_ssi(exchange.request)) ssi_.emplace(exchange, *location.ssi);
    if (wants_addition(exchange)) added_ = location.substitution.get();
  }
  ~Page() override {
    if (exchange_.sink == this) exchange_.sink = behind_;
  }

  runtime::Task<Status> take(std::span<iovec> pieces) override;
  // The head alone.
  runtime::Task<void> begin_only();
  // The end of the body; nothing is sent to its end when it is not complete.
  runtime::Task<Status> finish();

 private:
  // Where the body of an included page goes.
  class Included;

  runtime::Task<Status> begin();
  runtime::Task<Status> put(std::string_view bytes);
  runtime::Task<Status> put_through_ssi(Ssi& ssi, std::string_view bytes, bool at_end);
  runtime::Task<Status> include(Ssi& ssi, const SsiInclude& wanted);
  runtime::Task<Status> add(const std::string& uri);
  runtime::Task<Status> flush(BodyPart part);

  static constexpr std::size_t output_bytes_max = 32768;

  Exchange& exchange_;
  ResponseSink* behind_;
  OutgoingBody rest_;
  std::optional<Ssi> ssi_;
  const config::SubstitutionSettings* added_ = nullptr;
  bool begun_ = false;
  std::string output_;
};

class Page::Included final : public ResponseSink {
 public:
  explicit Included(Page& page) : page_(page) {}
  // Whose body it is: not every status's is shown, or kept.
  void watch(const Request& request) { request_ = &request; }
  void keep() { keeps_ = true; }
  [[nodiscard]] bool empty() const { return empty_; }
  [[nodiscard]] std::string& kept() { return kept_; }

  runtime::Task<Status> take(std::span<iovec> pieces) override {
    const bool error =
        request_ && request_->response.status >= 300 && (keeps_ || !request_->upstream_head);
    if (error) co_return Status{};
    for (const iovec& piece : pieces) {
      const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
      if (bytes.empty()) continue;
      empty_ = false;
      if (keeps_) {
        if (kept_.size() + bytes.size() > kept_bytes_max) {
          co_return fail(ErrorKind::too_large, "too big subrequest response");
        }
        kept_ += bytes;
        continue;
      }
      page_.output_ += bytes;
      if (page_.output_.size() < output_bytes_max) continue;
      const Status sent = co_await page_.flush(BodyPart::more);
      if (!sent) co_return sent;
    }
    co_return Status{};
  }

 private:
  static constexpr std::size_t kept_bytes_max = 65536;
  Page& page_;
  const Request* request_ = nullptr;
  bool keeps_ = false;
  bool empty_ = true;
  std::string kept_;
};

runtime::Task<Status> Page::flush(BodyPart part) {
  if (output_.empty() && part == BodyPart::more) co_return Status{};
  // What is sent now is not for the page.
  exchange_.sink = behind_;
  std::string_view bytes = output_;
  Status sent;
  do {
    sent = co_await send_to_client(exchange_, rest_.frame(bytes, part), false);
    bytes = {};
  } while (sent && rest_.has_more());
  exchange_.sink = this;
  output_.clear();
  if (sent) sent = rest_.status();
  co_return sent;
}

runtime::Task<Status> Page::take(std::span<iovec> pieces) {
  const Status ready = co_await begin();
  if (!ready) co_return ready;
  for (const iovec& piece : pieces) {
    const std::string_view bytes(static_cast<const char*>(piece.iov_base), piece.iov_len);
    if (bytes.empty()) continue;
    const Status put_in = co_await put(bytes);
    if (!put_in) co_return put_in;
  }
  // A body made here ends at once, and its end takes a small rest along.
  if (!exchange_.request.upstream_head && output_.size() < output_bytes_max) co_return Status{};
  co_return co_await flush(BodyPart::flush);
}

// Before the first byte.
runtime::Task<Status> Page::begin() {
  if (std::exchange(begun_, true)) co_return Status{};
  if (added_ && !added_->before_body.empty()) co_return co_await add(added_->before_body);
  co_return Status{};
}

runtime::Task<Status> Page::put(std::string_view bytes) {
  if (ssi_) co_return co_await put_through_ssi(*ssi_, bytes, false);
  output_ += bytes;
  co_return Status{};
}

runtime::Task<void> Page::begin_only() {
  static_cast<void>(co_await flush(BodyPart::flush));
}

runtime::Task<Status> Page::finish() {
  Status status = co_await begin();
  if (status && ssi_) status = co_await put_through_ssi(*ssi_, {}, true);
  if (status && added_ && !added_->after_body.empty()) {
    status = co_await add(added_->after_body);
  }
  if (!status) co_return status;
  co_return co_await flush(BodyPart::last);
}

runtime::Task<Status> Page::put_through_ssi(Ssi& ssi, std::string_view bytes, bool at_end) {
  ssi.feed(bytes);
  while (true) {
    const std::optional<SsiInclude> wanted = ssi.run(at_end, output_);
    if (!wanted) co_return Status{};
    const Status included = co_await include(ssi, *wanted);
    if (!included) co_return included;
  }
}

runtime::Task<Status> Page::include(Ssi& ssi, const SsiInclude& wanted) {
  // What stands before it should not wait for it.
  const Status sent = co_await flush(BodyPart::flush);
  if (!sent) co_return sent;
  Included sink(*this);
  if (wanted.variable) sink.keep();
  Subrequest::Spec spec;
  spec.uri = wanted.uri;
  spec.args = wanted.args;
  spec.beside = true;  // the client is watched by whoever sends the page
  Subrequest subrequest(exchange_, spec, sink);
  if (wanted.stub || wanted.variable) sink.watch(subrequest.request());
  co_await subrequest.run();
  if (wanted.waits || wanted.variable) subrequest.give_back_values();
  const bool answered = subrequest.request().header_sent;
  if (wanted.variable) {
    ssi.state().variables.insert_or_assign(*wanted.variable, std::move(sink.kept()));
  } else if (wanted.stub && sink.empty()) {
    // The stub stands for the included page, and speaks of that.
    Ssi stub(subrequest.exchange(), *exchange_.request.location->ssi);
    co_return co_await put_through_ssi(stub, *wanted.stub, true);
  } else if (!answered) {
    output_ += ssi.error_text();
  }
  co_return Status{};
}

runtime::Task<Status> Page::add(const std::string& uri) {
  Included sink(*this);
  Subrequest::Spec spec;
  spec.uri = uri;
  spec.beside = true;
  Subrequest subrequest(exchange_, spec, sink);
  co_await subrequest.run();
  co_return Status{};
}

void begin_outgoing(Exchange& exchange, OutgoingBody& body,
                    std::optional<std::uint64_t> length_bytes) {
  body.begin(exchange, length_bytes);
  if (!body.is_to_be_split()) return;
  exchange.page = std::make_shared<Page>(exchange, body.split());
}

runtime::Task<void> finish_page(Exchange& exchange) {
  const std::shared_ptr<Page> page = std::move(exchange.page);
  exchange.page.reset();
  Request& request = exchange.request;
  if (!request.completed) {  // broken off, perhaps before the first byte
    if (request.header_sent && request.bytes_sent == 0) co_await page->begin_only();
    co_return;
  }
  const Status finished = co_await page->finish();
  if (finished) co_return;
  request.completed = false;
  request.keep_alive = false;
}

}  // namespace baton::proxy
