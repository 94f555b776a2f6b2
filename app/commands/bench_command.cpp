#include "app/commands/bench_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/terminal/complaint.h"  // complain

namespace bourse {
namespace {

constexpr const char* name = "bourse-bench";

// Beside this executable, where it is installed; or where the build puts it.
std::filesystem::path find_bench() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const std::filesystem::path& folder : {here, here / "../bench"})
    if (std::filesystem::exists(folder / name, error)) return folder / name;
  return {};
}

}  // namespace

int bench_command(const std::vector<std::string>& arguments) {
  const std::filesystem::path bench = find_bench();
  if (bench.empty())
    return complain("bench", {.code = ExitCode::file_missing,
                              .what = fmt::format("there is no {} beside this bourse", name),
                              .where = {},
                              .next = "in a checkout: ./dev bench"});
  std::vector<std::string> words{bench.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(bench.c_str(), argv.data());
  return complain("bench", {.code = ExitCode::io_error,
                            .what = std::strerror(errno),
                            .where = bench.string(),
                            .next = "can it be executed?"});
}

}  // namespace bourse
