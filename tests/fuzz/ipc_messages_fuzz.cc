// What the processes of a tree say to each other: the supervisor, which is root, reads what the
// others send. What is understood says itself again; an index beyond the configuration's names no
// script (find_script is asked with one that has none).

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "failover/last_will.h"
#include "ipc/messages.h"
#include "supervisor/script_runner.h"

namespace {

using namespace baton;

void judge_script_request(const std::string& text) {
  const auto request = ipc::ScriptRequest::decode(text);
  if (!request) return;
  const auto again = ipc::ScriptRequest::decode(request->encode());
  BATON_ASSERT(again && again->encode() == request->encode());
  static const config::Failover nothing;
  BATON_ASSERT(!supervisor::find_script(nothing, *request));
}

void judge_announcement(const std::string& text) {
  const auto announcement = ipc::Announcement::decode(text);
  if (!announcement) return;
  const auto again = ipc::Announcement::decode(announcement->encode());
  BATON_ASSERT(again && again->line() == announcement->line());
}

void judge_script_result(const std::string& text) {
  const auto result = ipc::ScriptResult::decode(text);
  if (!result) return;
  const auto again = ipc::ScriptResult::decode(result->encode());
  BATON_ASSERT(again && again->encode() == result->encode());
}

void judge_bequest(std::span<const std::uint8_t> bytes) {
  const auto bequest = failover::Bequest::decode(bytes);
  if (!bequest) return;
  BATON_ASSERT(bequest->addresses.size() + bequest->goodbyes.size() <= bytes.size());
  BATON_ASSERT(failover::Bequest::decode(bequest->encode()) == bequest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  judge_script_request(text);
  judge_announcement(text);
  judge_script_result(text);
  judge_bequest(std::span(bytes, size));
  return 0;
}
