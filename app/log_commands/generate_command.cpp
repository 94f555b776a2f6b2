#include "app/log_commands/generate_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "app/terminal/complaint.h"  // complain
#include "app/terminal/terminal.h"   // is_terminal
#include "replay/result.h"           // Error, Result

namespace bourse {
namespace {

using Clock = std::chrono::steady_clock;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Result<void> check(const GenerateArguments& arguments) {
  if (arguments.kind != "itch") {
    return fail(ExitCode::usage, fmt::format("unknown kind of file '{}'", arguments.kind), "",
                "the one there is: bourse generate itch -o FILE");
  }
  if (auto day = ItchGenerator::check(arguments.day); !day) return day;
  std::error_code ignored;
  if (!arguments.force && std::filesystem::is_regular_file(arguments.output, ignored)) {
    return fail(ExitCode::cannot_create, "there is a file already", arguments.output,
                "name another file, or add --force to replace it");
  }
  return {};
}

Error disk_fault(ExitCode code, const char* what, const std::string& path) {
  return {code, fmt::format("cannot {}: {}", what, std::strerror(errno)), path,
          "name a file in a directory that you may write to and that has room"};
}

// At most ten times a second, for whoever looks.
void show_progress(std::uint64_t done, std::uint64_t all, Clock::time_point& shown) {
  const Clock::time_point now = Clock::now();
  if (!is_terminal(STDERR_FILENO) || now - shown < std::chrono::milliseconds(100)) return;
  shown = now;
  fmt::print(stderr, "\r\x1b[Kgenerating  {:.1f} of {:.1f} M messages  {} %",
             static_cast<double>(done) / 1e6, static_cast<double>(all) / 1e6, 100 * done / all);
}

Result<std::uint64_t> write_day(ItchGenerator& generator, std::uint64_t messages,
                                const std::string& path) {
  const File file(std::fopen(path.c_str(), "wb"));
  if (!file) return std::unexpected(disk_fault(ExitCode::cannot_create, "create", path));
  std::vector<std::byte> bytes;
  std::uint64_t written = 0;
  Clock::time_point shown = Clock::now();
  for (bool is_more = true; is_more;) {
    bytes.clear();
    is_more = generator.more(bytes);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
      return std::unexpected(disk_fault(ExitCode::io_error, "write", path));
    }
    written += bytes.size();
    show_progress(generator.messages(), messages, shown);
  }
  if (std::fflush(file.get()) != 0) {
    return std::unexpected(disk_fault(ExitCode::io_error, "write", path));
  }
  return written;
}

}  // namespace

int generate_command(const GenerateArguments& arguments) {
  if (auto checked = check(arguments); !checked) return complain("generate", checked.error());
  std::error_code failed;
  const bool is_stream = std::filesystem::exists(arguments.output, failed) &&
                         !std::filesystem::is_regular_file(arguments.output, failed);
  const std::string path = is_stream ? arguments.output : arguments.output + ".part";
  ItchGenerator generator(arguments.day);
  const auto written = write_day(generator, arguments.day.messages, path);
  if (is_terminal(STDERR_FILENO)) std::fputs("\r\x1b[K", stderr);
  if (!written) {
    if (!is_stream) std::filesystem::remove(path, failed);
    Error error = written.error();
    error.where = arguments.output;
    return complain("generate", error);
  }
  if (!is_stream) {
    failed.clear();
    std::filesystem::rename(path, arguments.output, failed);
    if (failed) {
      errno = failed.value();
      std::filesystem::remove(path, failed);
      return complain("generate", disk_fault(ExitCode::cannot_create, "create", arguments.output));
    }
  }
  fmt::print(is_stream ? stderr : stdout,
             "{}: {} messages, {} symbols, {} bytes, {} orders live at the end, seed {}\n"
             "  bourse import itch {} --date 2026-01-05 --journal DIR builds a journal from it\n",
             arguments.output, generator.messages(), arguments.day.symbols, *written,
             generator.live_orders(), arguments.day.seed, arguments.output);
  return 0;
}

}  // namespace bourse
