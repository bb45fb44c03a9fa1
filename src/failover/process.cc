// Entry of the failover process.

#include "failover/process.h"

#include <thread>

#include "failover/node.h"

namespace baton::failover {

namespace {

// Says why on both ways that somebody may be looking at.
int give_up(ProcessInputs& inputs, const std::string& why) {
  inputs.log->print(LogLevel::error, "cannot run: {}", why);
  auto loop = runtime::Loop::create();
  if (!loop || !inputs.channel) return 1;
  ipc::Channel channel(**loop, std::move(inputs.channel));
  ipc::Message message;
  message.type = ipc::MessageType::failed;
  message.text = why;
  static_cast<void>(channel.send(std::move(message)));
  return 1;
}

}  // namespace

int run_process(ProcessInputs inputs) {
  if (const auto problem = find_unsupported(*inputs.config)) return give_up(inputs, *problem);
  auto loop = runtime::Loop::create();
  if (!loop) return give_up(inputs, describe(loop.error()));
  Log& log = *inputs.log;
  auto node = Node::create(**loop, std::move(inputs));
  if (!node) {
    log.print(LogLevel::error, "cannot run: {}", describe(node.error()));
    return 1;
  }
  (*node)->start();
  (*loop)->run();
  // All is released: there is a moment for the last lines.
  for (int i = 0; i < 40 && !log.flush(); ++i) std::this_thread::sleep_for(5ms);
  return (*node)->exit_code();
}

}  // namespace baton::failover
