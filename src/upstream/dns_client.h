// Questions to name servers, by c-ares on our own loop: it writes the messages, repeats them, goes
// from a silent or failing server to the next, asks again by TCP when an answer was cut, and drops
// what does not fit a question (wrong id, other server, other name). Its sockets are Sources of
// the loop, its timeouts one timer of the wheel; nothing here blocks.
//
// c-ares ends alike when all servers answered with an error and when none could be reached. So the
// response codes of datagrams are noted on their way in, by the id of the question.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/address.h"
#include "runtime/loop.h"
#include "runtime/source.h"
#include "upstream/dns_answer.h"

struct ares_channeldata;

namespace baton::upstream {

struct DnsReply {
  enum class Kind : std::uint8_t {
    answered,     // `message` is the answer, with whatever response code
    failed,       // every server answered that it cannot: `status`
    unreachable,  // no server could be sent to
    timed_out,    // silence from all, in all rounds
    bad_name,     // not a name that can be asked for
    cancelled,
  } kind = Kind::cancelled;
  DnsStatus status = DnsStatus::server_failure;
  std::span<const std::uint8_t> message;
};

class DnsClient {
 public:
  using Handler = std::function<void(const DnsReply& reply)>;

  // A question is repeated to each server after 2, 4, 8 and 16 seconds.
  DnsClient(runtime::Loop& loop, const std::vector<net::Endpoint>& servers);
  DnsClient(const DnsClient&) = delete;
  DnsClient& operator=(const DnsClient&) = delete;
  // Open questions are forgotten: their handlers are not called.
  ~DnsClient();

  // Calls `handler` exactly once, maybe before it returns. Handlers may ask again.
  void ask(const std::string& name, DnsType type, Handler handler);

 private:
  struct Socket;
  struct Question;
  static int open_socket(int family, int type, int protocol, void* client);
  static int close_socket(int fd, void* client);
  static void on_answer(void* question, int status, int timeouts, unsigned char* bytes, int size);

  bool open_channel(const std::vector<net::Endpoint>& servers);
  void want(int fd, bool read, bool write);
  void drop_socket(int fd);
  void note_code(std::span<const std::uint8_t> datagram);
  void process(Socket& socket);
  void after_processing();

  runtime::Loop& loop_;
  ares_channeldata* channel_ = nullptr;
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  std::vector<std::unique_ptr<Socket>> closed_;  // until c-ares has returned
  std::unordered_map<std::uint16_t, Question*> questions_;
  runtime::Timer timer_;
  bool ending_ = false;
};

}  // namespace baton::upstream
