#include "app/commands/descriptor_limit.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace bourse {
namespace {

// Of segments, snapshots, readers of the log, pipes.
constexpr std::uint64_t descriptors_besides = 256;

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

void raise_descriptor_limit_for(const Config& config) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const std::uint64_t wanted =
      config.feed.limits.connections_count * std::uint64_t{config.io_threads};
  if (descriptors < wanted + descriptors_besides)
    spdlog::warn(
        "this process may have {} descriptors: not enough for {} connections "
        "(LimitNOFILE=, ulimit -n; feed.limits.connections)",
        descriptors, wanted);
}

}  // namespace bourse
