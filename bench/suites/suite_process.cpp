#include "bench/suites/suite_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "bench/measure/machine.h"     // use_all_cores
#include "bench/report/report_json.h"  // report_json, read_report

namespace bourse {
namespace {

using namespace std::chrono_literals;
constexpr auto look_every = 50ms;
constexpr const char* failed = "failed";  // name of the section that says why there is none

// The process: never returns. An error of the suite is a section, too: its code, what, where, next.
[[noreturn]] void run_and_write(const Suite& suite, const SuiteOptions& options,
                                BenchProgress& progress, const std::filesystem::path& file) {
  BenchReport report;
  if (auto section = suite.run(options, progress)) {
    if (!progress.has_time())
      section->warnings.emplace_back(
          "out of time: fewer runs or curves than planned; a quieter machine or a longer --limit "
          "has them");
    report.sections.push_back(std::move(*section));
  } else {
    const Error& error = section.error();
    report.sections.push_back({.name = failed,
                               .warnings = {std::to_string(static_cast<int>(error.code)),
                                            error.what, error.where, error.next}});
  }
  progress.clear();
  std::fflush(nullptr);
  std::ofstream out(file, std::ios::binary);
  out << report_json(report);
  const bool is_written = static_cast<bool>(out.flush());
  ::_exit(is_written ? 0 : 1);
}

Result<Section> take_section(const std::filesystem::path& file) {
  auto report = read_report(file);
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  if (!report) return std::unexpected(report.error());
  Section& section = report->sections.at(0);
  if (section.name != failed) return std::move(section);
  auto& words = section.warnings;
  return std::unexpected(
      Error{static_cast<ExitCode>(std::stoi(words.at(0))), words.at(1), words.at(2), words.at(3)});
}

}  // namespace

Result<Section> run_in_process(const Suite& suite, const SuiteOptions& options,
                               BenchProgress& progress,
                               std::chrono::steady_clock::time_point killed_at) {
  const std::filesystem::path file = options.directory.string() + ".section.json";
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0)
    return fail(ExitCode::io_error, std::strerror(errno), "a process for the suite", "");
  if (child == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    use_all_cores();
    run_and_write(suite, options, progress, file);
  }
  ::setpgid(child, child);
  int status = 0;
  bool is_killed = false;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    std::this_thread::sleep_for(look_every);
    if (is_killed || std::chrono::steady_clock::now() < killed_at) continue;
    ::kill(-child, SIGKILL);
    is_killed = true;
  }
  progress.clear();
  if (is_killed)
    return fail(ExitCode::answer_is_no, "it was not done when its time was over",
                std::string(suite.name), "a quieter machine, a longer --limit, or the suite alone");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    ::kill(-child, SIGKILL);  // what it had started
    return fail(ExitCode::internal,
                WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status))
                                    : fmt::format("ended with code {}", WEXITSTATUS(status)),
                std::string(suite.name), "what it said stands above");
  }
  return take_section(file);
}

}  // namespace bourse
