// Overwriting argv, with the environment moved to the heap.

#include "supervisor/process_title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace baton::supervisor {

namespace {

char* title_start = nullptr;
std::size_t title_room = 0;

}  // namespace

void prepare_process_title(int argc, char** argv) {
  if (argc == 0) return;
  char* end = argv[0];
  for (int i = 0; i < argc; ++i) {
    if (argv[i] != end) return;  // not contiguous: leave everything alone
    end += std::strlen(argv[i]) + 1;
  }
  int count = 0;
  while (environ[count]) ++count;
  for (int i = 0; i < count; ++i) {
    if (environ[i] != end) break;
    end += std::strlen(environ[i]) + 1;
  }
  for (int i = 0; i < count; ++i) environ[i] = ::strdup(environ[i]);
  title_start = argv[0];
  title_room = static_cast<std::size_t>(end - argv[0]);
}

void set_process_title(std::string_view title) {
  if (!title_start || title_room < 2) return;
  const std::size_t length = std::min(title.size(), title_room - 1);
  std::memmove(title_start, title.data(), length);
  std::memset(title_start + length, 0, title_room - length);
}

void set_process_name(std::string_view name) {
  const std::string cut(name.substr(0, 15));
  ::prctl(PR_SET_NAME, cut.c_str(), 0, 0, 0);
}

}  // namespace baton::supervisor
