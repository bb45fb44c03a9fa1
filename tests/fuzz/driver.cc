// main() of a fuzz target that is not built with libFuzzer: an ordinary test that runs the target
// over every seed file and over a bounded number of mutations of each. Mutations are drawn from a
// seed that is printed first and can be given again to replay a failure:
//
//     x_fuzz SEEDS_FOLDER_OR_FILE... [--mutations N] [--seed N] [--seconds N] [--count N]
//
// With --count, N inputs are run, however long that takes; then what a mutation made is mutated on,
// too, so that inputs wander far from their seeds. SIGTERM ends that early; how many inputs were
// run is said at the end, and now and then before it.
//
// When the target dies, the input that killed it is left in x_fuzz.crash below the current folder.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

namespace fs = std::filesystem;

struct Settings {
  std::vector<fs::path> inputs;
  std::uint64_t mutations = 300;  // of each seed file
  std::uint64_t seed = 1;
  std::uint64_t seconds_max = 60;  // for the whole run
  std::uint64_t count = 0;         // of all inputs; 0: `mutations` of each seed
};

// What the signal handler needs: plain memory, nothing that allocates.
const std::string* current_input = nullptr;
char crash_path[256] = "fuzz.crash";

void keep_crashing_input(int signal_number) {
  if (current_input != nullptr) {
    const int fd = ::open(crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && ::write(fd, current_input->data(), current_input->size()) >= 0) ::close(fd);
  }
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

volatile std::sig_atomic_t told_to_end = 0;

void run(const std::string& input) {
  current_input = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  current_input = nullptr;
}

std::size_t place(baton::Random& random, const std::string& input) {
  return static_cast<std::size_t>(random.below(input.size() + 1));
}

void flip_bit(baton::Random& random, std::string& input) {
  if (input.empty()) return;
  char& byte = input[random.below(input.size())];
  byte = static_cast<char>(byte ^ (1 << random.below(8)));
}

// Puts a piece of `donor` somewhere into `input`, over or between what is there.
void splice(baton::Random& random, std::string& input, const std::string& donor) {
  const std::size_t start = place(random, donor);
  const std::size_t length = static_cast<std::size_t>(random.below(64));
  const std::size_t at = place(random, input);
  const std::size_t replaced = random.chance(2) ? 0 : static_cast<std::size_t>(random.below(64));
  input.replace(at, replaced, donor, start, length);
}

// Lengths, counts and limits: a number of one, two or four bytes, in network order.
void put_number(baton::Random& random, std::string& input) {
  static constexpr std::uint32_t limits[] = {0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0xffff};
  if (input.empty()) return;
  const auto size = static_cast<std::uint32_t>(input.size());
  const std::uint32_t near[] = {size - 1, size, size + 1, size * 8};
  std::uint32_t value = static_cast<std::uint32_t>(random.next());
  if (random.chance(2)) value = limits[random.below(std::size(limits))];
  if (random.chance(3)) value = near[random.below(std::size(near))];
  const std::size_t at = static_cast<std::size_t>(random.below(input.size()));
  const std::size_t width = std::min<std::size_t>(1u << random.below(3), input.size() - at);
  for (std::size_t i = 0; i < width; ++i) {
    input[at + i] = static_cast<char>(value >> 8 * (width - 1 - i));
  }
}

// A line of `donor` becomes a line of `input`, or takes the place of one.
void put_line(baton::Random& random, std::string& input, const std::string& donor) {
  const auto line_at = [&](const std::string& text) {
    const std::size_t before = place(random, text);
    const std::size_t begin = before == 0 ? 0 : text.rfind('\n', before - 1) + 1;
    return std::pair(begin, std::min(text.find('\n', begin), text.size() - 1) + 1 - begin);
  };
  if (donor.empty() || input.empty() || input.size() > 1 << 16) return;
  const auto [from, length] = line_at(donor);
  const auto [at, replaced] = line_at(input);
  const std::string line = donor.substr(from, length);
  input.replace(at, random.chance(2) ? replaced : 0, line);
}

void mutate(baton::Random& random, std::string& input, const std::vector<std::string>& seeds) {
  switch (random.below(10)) {
    case 0:
      input.resize(place(random, input));
      return;
    case 1:
      return flip_bit(random, input);
    case 2:
      return splice(random, input, seeds[random.below(seeds.size())]);
    case 3:
      return splice(random, input, std::string(input));
    case 4:
    case 5:
      return put_number(random, input);
    case 6:
      return put_line(random, input, seeds[random.below(seeds.size())]);
    case 7:
      return flip_bit(random, input);
    case 8:
      input.erase(place(random, input), static_cast<std::size_t>(random.below(16)));
      return;
    default:
      input.insert(place(random, input), 1, static_cast<char>(random.below(256)));
  }
}

std::optional<Settings> parse_arguments(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    std::uint64_t* number = word == "--mutations" ? &settings.mutations
                            : word == "--seed"    ? &settings.seed
                            : word == "--seconds" ? &settings.seconds_max
                            : word == "--count"   ? &settings.count
                                                  : nullptr;
    if (number == nullptr) {
      settings.inputs.emplace_back(word);
      continue;
    }
    const auto value = ++i < argc ? baton::parse_unsigned(argv[i]) : std::nullopt;
    if (!value) return std::nullopt;
    *number = *value;
  }
  return settings.inputs.empty() ? std::nullopt : std::optional(settings);
}

std::vector<std::string> read_seeds(const Settings& settings) {
  std::vector<fs::path> paths;
  for (const fs::path& input : settings.inputs) {
    if (!fs::is_directory(input)) paths.push_back(input);
    if (!fs::is_directory(input)) continue;
    for (const auto& entry : fs::directory_iterator(input)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  std::vector<std::string> seeds;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

void run_mutations(const Settings& settings, const std::vector<std::string>& seeds) {
  baton::Random random(settings.seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(settings.seconds_max);
  std::uint64_t runs = seeds.size();
  for (std::uint64_t round = 0; round < settings.mutations; ++round) {
    for (const std::string& seed : seeds) {
      std::string input = seed;
      for (std::uint64_t times = 1 + random.below(4); times > 0; --times) {
        mutate(random, input, seeds);
      }
      run(input);
      ++runs;
    }
    if (std::chrono::steady_clock::now() > end) break;
  }
  std::printf("%llu inputs survived\n", static_cast<unsigned long long>(runs));
}

// Half of the inputs come from a seed, half from what came of one before.
void run_count(const Settings& settings, const std::vector<std::string>& seeds) {
  constexpr std::size_t pool_size = 256;
  constexpr std::size_t wandering_max = 1 << 14;
  constexpr std::uint64_t report_every = 10'000'000;
  baton::Random random(settings.seed);
  std::vector<std::string> pool(pool_size, seeds.front());
  std::uint64_t runs = seeds.size();
  std::string input;
  for (; runs < settings.count && told_to_end == 0; ++runs) {
    std::string& kept = pool[random.below(pool_size)];
    input =
        random.chance(2) && kept.size() < wandering_max ? kept : seeds[random.below(seeds.size())];
    for (std::uint64_t times = 1 + random.below(4); times > 0; --times) {
      mutate(random, input, seeds);
    }
    run(input);
    if (random.chance(4)) kept = input;
    if (runs % report_every == 0) {
      std::printf("%llu inputs so far\n", static_cast<unsigned long long>(runs));
      std::fflush(stdout);
    }
  }
  std::printf("%llu inputs survived\n", static_cast<unsigned long long>(runs));
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = parse_arguments(argc, argv);
  if (!settings) {
    std::fprintf(stderr,
                 "usage: %s SEEDS... [--mutations N] [--seed N] [--seconds N] [--count N]\n",
                 argv[0]);
    return 2;
  }
  const std::vector<std::string> seeds = read_seeds(*settings);
  if (seeds.empty()) {
    std::fprintf(stderr, "no seed files\n");
    return 2;
  }
  const std::string name = fs::path(argv[0]).filename().string();
  std::snprintf(crash_path, sizeof crash_path, "%s.crash", name.c_str());
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) {
    std::signal(number, keep_crashing_input);
  }
  std::signal(SIGTERM, [](int) { told_to_end = 1; });
  const bool counts = settings->count > 0;
  std::printf("%s: %zu seeds, %llu mutations %s, --seed %llu\n", name.c_str(), seeds.size(),
              static_cast<unsigned long long>(counts ? settings->count : settings->mutations),
              counts ? "in all" : "of each", static_cast<unsigned long long>(settings->seed));
  std::fflush(stdout);
  for (const std::string& seed : seeds) run(seed);
  if (counts) {
    run_count(*settings, seeds);
  } else {
    run_mutations(*settings, seeds);
  }
}
