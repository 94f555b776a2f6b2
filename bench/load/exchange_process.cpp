#include "bench/load/exchange_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace bourse {
namespace {

// What a bench asks more of than a trader may. A setting that this version does not have is left
// out.
constexpr const char* settings[] = {
    "demo.commands_per_second=0",        "feed.limits.orders_per_second=1000000",
    "feed.limits.orders_burst=1000000",  "feed.limits.connections_per_ip=0",
    "feed.limits.connections_per_key=0", "log.level=warn"};

std::string output_of(const std::string& command) {
  std::string out;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    out.append(buffer, got);
  ::pclose(pipe);
  return out;
}

std::vector<std::string> words(const std::filesystem::path& binary,
                               const std::filesystem::path& directory, Durability durability,
                               std::span<const std::string> more) {
  std::vector<std::string> out = {binary.string(),
                                  "serve",
                                  "--demo",
                                  "--port",
                                  "0",
                                  "--journal",
                                  directory,
                                  "--durability",
                                  durability == Durability::disk ? "disk" : "memory"};
  const std::string known = output_of("'" + binary.string() + "' config show");
  for (const std::string setting : settings) {
    const std::string name = setting.substr(0, setting.find('='));
    if (known.find(name.substr(name.rfind('.') + 1)) == std::string::npos) continue;
    out.insert(out.end(), {"--set", setting});
  }
  for (const std::string& setting : more) out.insert(out.end(), {"--set", setting});
  return out;
}

}  // namespace

Result<std::unique_ptr<ExchangeProcess>> ExchangeProcess::start(
    const std::filesystem::path& binary, const std::filesystem::path& directory,
    Durability durability, std::span<const std::string> more) {
  std::unique_ptr<ExchangeProcess> process(new ExchangeProcess);
  process->directory_ = directory;
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  std::vector<std::string> arguments = words(binary, directory, durability, more);
  std::vector<char*> argv;
  for (std::string& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0)
    return fail(ExitCode::busy, std::strerror(errno), "pipe", "try again");
  process->pid_ = ::fork();
  if (process->pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // also if the bench is killed
    ::dup2(out[1], STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  ::close(out[1]);
  process->lines_ = ::fdopen(out[0], "r");
  char line[512];
  while (std::fgets(line, sizeof line, process->lines_) != nullptr) {
    const std::string_view text(line);
    if (const auto at = text.find("wss://"); at != std::string_view::npos && process->port_ == 0) {
      const auto colon = text.find(':', at + 6);
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), process->port_);
    }
    if (text.starts_with("Ctrl-C")) break;
  }
  if (process->port_ == 0)
    return fail(ExitCode::unreachable, "the exchange did not start", binary.string(),
                "name the executable with --exchange; build it with ./dev build");
  return process;
}

ExchangeProcess::~ExchangeProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGINT);
    ::waitpid(pid_, nullptr, 0);
  }
  if (lines_ != nullptr) std::fclose(lines_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::int64_t ExchangeProcess::cpu_ns() const {
  std::int64_t sum = 0;
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_), error)) {
    std::ifstream file(task.path() / "schedstat");
    std::int64_t ran = 0;
    if (file >> ran) sum += ran;
  }
  return sum;
}

std::uint64_t ExchangeProcess::memory_bytes() const {
  std::ifstream file(fmt::format("/proc/{}/statm", pid_));
  std::uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t ExchangeProcess::own_memory_bytes() const {
  std::ifstream file(fmt::format("/proc/{}/status", pid_));
  std::string line;
  while (std::getline(file, line))
    if (line.starts_with("RssAnon:")) return std::strtoull(line.data() + 8, nullptr, 10) * 1024;
  return 0;
}

std::size_t ExchangeProcess::open_files() const {
  std::size_t count = 0;
  std::error_code error;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid_), error))
    ++count;
  return count;
}

}  // namespace bourse
