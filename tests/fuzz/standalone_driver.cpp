// Runs a fuzz target without libFuzzer, so that every build by any compiler tries it: the files of
// the corpus as they are, then seeded random and mutated inputs, until the runs or the seconds are
// used up. A crash leaves the input in crash-<target>-<seed>-<run>.
//   Use:  X_fuzz [--runs=N] [--seconds=N] [--seed=N] [corpus folder or file]...
//         The environment variable BOURSE_FUZZ_SEED replaces the default seed.

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937_64;

constexpr std::size_t input_bytes_max = 4096;

// What the crash handler needs; written between runs only.
const std::uint8_t* current_data = nullptr;
std::size_t current_size = 0;
std::array<char, 256> crash_path{};
std::string crash_prefix;

void save_current_input() {
  const int file = ::open(crash_path.data(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (file < 0) return;
  if (::write(file, current_data, current_size) >= 0) {
    std::fprintf(stderr, "the input of %zu bytes is in %s\n", current_size, crash_path.data());
  }
  ::close(file);
}

void on_signal(int signal_number) {
  save_current_input();
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void run_one(const Bytes& input, std::uint64_t run) {
  // A copy of the exact size, so that a sanitizer sees a read one byte past the end.
  const Bytes exact(input.begin(), input.end());
  current_data = exact.data();
  current_size = exact.size();
  std::snprintf(crash_path.data(), crash_path.size(), "%s-%llu", crash_prefix.c_str(),
                static_cast<unsigned long long>(run));
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::size_t below(Random& random, std::size_t bound) {
  return bound == 0 ? 0 : static_cast<std::size_t>(random() % bound);
}

Bytes random_input(Random& random) {
  Bytes input(below(random, std::size_t{1} << below(random, 13)));
  for (std::uint8_t& byte : input) byte = static_cast<std::uint8_t>(random());
  return input;
}

void mutate_once(Bytes& input, const std::vector<Bytes>& corpus, Random& random) {
  static constexpr std::array<std::uint64_t, 8> edges{
      0, 1, 0x7f, 0xff, 0x7fff'ffff, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, 0xffff'ffff'ffff'ffff};
  const std::size_t at = below(random, input.size());
  const auto where = input.begin() + static_cast<std::ptrdiff_t>(at);
  switch (input.empty() ? 2 : below(random, 7)) {
    case 0:
      input[at] ^= static_cast<std::uint8_t>(1U << below(random, 8));
      break;
    case 1:
      input[at] = static_cast<std::uint8_t>(random());
      break;
    case 2: {
      const Bytes more = random_input(random);
      input.insert(where, more.begin(),
                   more.begin() + static_cast<std::ptrdiff_t>(
                                      std::min<std::size_t>(more.size(), 1 + below(random, 16))));
      break;
    }
    case 3: {
      const std::size_t count = 1 + below(random, std::min<std::size_t>(16, input.size() - at));
      input.erase(where, where + static_cast<std::ptrdiff_t>(count));
      break;
    }
    case 4:  // cut the tail
      input.resize(at);
      break;
    case 5: {  // an edge value, little-endian, 1 to 8 bytes
      std::uint64_t value = edges[below(random, edges.size())];
      const std::size_t width = std::size_t{1} << below(random, 4);
      for (std::size_t i = at; i < std::min(at + width, input.size()); ++i, value >>= 8) {
        input[i] = static_cast<std::uint8_t>(value);
      }
      break;
    }
    default: {  // the head of this and the tail of another
      if (corpus.empty()) break;
      const Bytes& other = corpus[below(random, corpus.size())];
      if (other.empty()) break;
      input.resize(at);
      input.insert(input.end(),
                   other.begin() + static_cast<std::ptrdiff_t>(below(random, other.size())),
                   other.end());
    }
  }
  if (input.size() > input_bytes_max) input.resize(input_bytes_max);
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::vector<Bytes> read_corpus(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : paths) {
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else if (std::filesystem::is_regular_file(path)) {
      files.push_back(path);
    }
  }
  std::ranges::sort(files);
  std::vector<Bytes> corpus;
  for (const std::filesystem::path& file : files) corpus.push_back(read_file(file));
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs_max = 20'000;
  std::uint64_t seconds_max = 10;
  std::uint64_t seed = 1;
  if (const char* named = std::getenv("BOURSE_FUZZ_SEED")) seed = std::strtoull(named, nullptr, 10);
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto number = [&](std::string_view option) {
      return std::strtoull(argument.data() + option.size(), nullptr, 10);
    };
    if (argument.starts_with("--runs=")) {
      runs_max = number("--runs=");
    } else if (argument.starts_with("--seconds=")) {
      seconds_max = number("--seconds=");
    } else if (argument.starts_with("--seed=")) {
      seed = number("--seed=");
    } else {
      paths.emplace_back(argument);
    }
  }

  const std::string name = std::filesystem::path(argv[0]).filename().string();
  crash_prefix = "crash-" + name + "-" + std::to_string(seed);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(save_current_input);
  for (const int signal_number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV}) {
    std::signal(signal_number, on_signal);
  }

  const std::vector<Bytes> corpus = read_corpus(paths);
  std::printf("%s: seed %llu, %zu corpus files\n", name.c_str(),
              static_cast<unsigned long long>(seed), corpus.size());
  std::fflush(stdout);

  std::uint64_t run = 0;
  for (const Bytes& input : corpus) run_one(input, run++);
  run_one({}, run++);
  Random random(seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_max);
  for (; run < runs_max && std::chrono::steady_clock::now() < end; ++run) {
    Bytes input;
    if (corpus.empty() || below(random, 8) == 0) {
      input = random_input(random);
    } else {
      input = corpus[below(random, corpus.size())];
      for (std::size_t count = 1 + below(random, 6); count > 0; --count) {
        mutate_once(input, corpus, random);
      }
    }
    run_one(input, run);
  }
  std::printf("%s: %llu runs, no crash\n", name.c_str(), static_cast<unsigned long long>(run));
  return 0;
}
