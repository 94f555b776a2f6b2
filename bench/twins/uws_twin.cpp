#include "bench/twins/uws_twin.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace bourse {

namespace {

std::vector<std::string> words(const std::filesystem::path& directory, const FanoutPlan& plan) {
  return {directory / "bun",
          directory / "uws_twin.mjs",
          directory / "cert.pem",
          directory / "key.pem",
          std::to_string(plan.subscribers),
          std::to_string(plan.batch),
          std::to_string(plan.messages),
          std::to_string(plan.warm_up),
          std::to_string(plan.per_second),
          std::to_string(plan.payload_bytes)};
}

std::optional<ServerFigures> follow(std::FILE* lines,
                                    const std::function<void(std::uint16_t)>& on_port) {
  std::optional<ServerFigures> figures;
  char line[256];
  while (std::fgets(line, sizeof line, lines) != nullptr) {
    unsigned port = 0;
    long long cpu_ns = 0, deliveries = 0, late_ns = 0, open_ns = 0;
    if (std::sscanf(line, "port %u", &port) == 1)
      on_port(static_cast<std::uint16_t>(port));
    else if (std::sscanf(line, "figures %lld %lld %lld %lld", &cpu_ns, &deliveries, &late_ns,
                         &open_ns) == 4)
      figures = ServerFigures{cpu_ns, static_cast<std::uint64_t>(deliveries), 0, late_ns, open_ns};
  }
  return figures;
}

}  // namespace

std::optional<ServerFigures> serve_uws_twin(const std::filesystem::path& directory,
                                            const FanoutPlan& plan,
                                            const std::function<void(std::uint16_t)>& on_port) {
  int out[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out[1], STDOUT_FILENO);
    std::vector<std::string> arguments = words(directory, plan);
    std::vector<char*> argv;
    for (std::string& word : arguments) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  ::close(out[1]);
  std::FILE* const lines = ::fdopen(out[0], "r");
  const auto figures = follow(lines, on_port);
  std::fclose(lines);
  ::waitpid(child, nullptr, 0);
  return figures;
}

}  // namespace bourse
