// Making, opening and filling named pipes.

#include "supervisor/fifo_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace baton::supervisor {

FifoWriter::~FifoWriter() {
  close();
}

void FifoWriter::close() {
  for (const Fifo& fifo : fifos_) remove(fifo);
  fifos_.clear();
}

void FifoWriter::configure(const std::vector<config::NotifyFifo>& fifos) {
  std::erase_if(fifos_, [&](const Fifo& fifo) {
    if (std::ranges::find(fifos, fifo.path, &config::NotifyFifo::path) != fifos.end()) return false;
    remove(fifo);
    return true;
  });
  for (const auto& wanted : fifos) {
    if (!has(wanted.path)) open(wanted);
  }
}

// A path that somebody else may have put there is looked at only after it is open, and links are
// not followed.
void FifoWriter::open(const config::NotifyFifo& wanted) {
  Fifo fifo;
  fifo.path = wanted.path;
  fifo.is_ours = ::mkfifo(wanted.path.c_str(), 0600) == 0;
  const bool exists = fifo.is_ours || errno == EEXIST;
  if (exists) {
    fifo.fd = runtime::Fd(
        ::open(wanted.path.c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  }
  struct stat status{};
  if (!fifo.fd || ::fstat(fifo.fd.get(), &status) != 0) {
    log_.print(LogLevel::error, "Unable to open notify fifo {}: {}", wanted.path,
               std::strerror(errno));
    remove(fifo);
    return;
  }
  if (!S_ISFIFO(status.st_mode)) {
    log_.print(LogLevel::error, "notify fifo {} exists and is no fifo: nothing is written there",
               wanted.path);
    return;
  }
  if (fifo.is_ours && ::fchown(fifo.fd.get(), wanted.owner.uid, wanted.owner.gid) != 0) {
    log_.print(LogLevel::error, "Unable to give notify fifo {} to uid:gid {}:{}: {}", wanted.path,
               wanted.owner.uid, wanted.owner.gid, std::strerror(errno));
  }
  fifos_.push_back(std::move(fifo));
}

// A line of at most PIPE_BUF bytes is written whole or not at all (pipe(7)).
void FifoWriter::write(std::string_view line) {
  std::string text(line.substr(0, PIPE_BUF - 1));
  text += '\n';
  for (Fifo& fifo : fifos_) {
    const ssize_t count = ::write(fifo.fd.get(), text.data(), text.size());
    if (count == static_cast<ssize_t>(text.size())) {
      if (fifo.dropped > 0) {
        log_.print(LogLevel::warning, "notify fifo {} is read again; {} lines were dropped",
                   fifo.path, fifo.dropped);
      }
      fifo.dropped = 0;
    } else if (fifo.dropped++ == 0) {
      log_.print(LogLevel::warning, "notify fifo {} is full, lines are dropped: {}", fifo.path,
                 std::strerror(errno));
    }
  }
}

bool FifoWriter::has(std::string_view path) const {
  return std::ranges::find(fifos_, path, &Fifo::path) != fifos_.end();
}

void FifoWriter::remove(const Fifo& fifo) {
  if (fifo.is_ours) static_cast<void>(::unlink(fifo.path.c_str()));
}

}  // namespace baton::supervisor
