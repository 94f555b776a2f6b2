#include "bench/fanout/fanout_run.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "bench/fanout/fanout_client.h"  // run_fanout_client
#include "bench/fanout/fanout_server.h"  // serve_fanout
#include "bench/measure/machine.h"       // pin_to_core
#include "bench/twins/beast_twin.h"      // serve_beast_twin

namespace bourse {

std::optional<FanoutFigures> run_fanout(FanoutServer server, const FanoutPlan& plan) {
  int ports[2], results[2];
  if (::pipe(ports) != 0 || ::pipe(results) != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    pin_to_core(1);
    std::uint16_t port = 0;
    ClientFigures figures;
    if (::read(ports[0], &port, sizeof port) == sizeof port)
      figures = run_fanout_client(plan, port, plan.per_second == 0);
    const bool written = ::write(results[1], &figures, sizeof figures) == sizeof figures;
    ::_exit(written ? 0 : 1);
  }
  pin_to_core(0);
  FanoutSource source(plan);
  const auto on_port = [&ports](std::uint16_t port) {
    if (::write(ports[1], &port, sizeof port) != sizeof port) std::abort();
  };
  if (server == FanoutServer::ours)
    serve_fanout(source, on_port);
  else
    serve_beast_twin(source, on_port);
  FanoutFigures figures{source.figures(), {}};
  const bool read = ::read(results[0], &figures.client, sizeof figures.client) ==
                    static_cast<ssize_t>(sizeof figures.client);
  ::waitpid(child, nullptr, 0);
  for (const int fd : {ports[0], ports[1], results[0], results[1]}) ::close(fd);
  if (!read || !figures.client.is_complete || !source.is_done()) return std::nullopt;
  return figures;
}

FanoutPlan throughput_plan(std::uint32_t subscribers, std::uint32_t batch,
                           std::uint64_t deliveries) {
  FanoutPlan plan;
  plan.subscribers = subscribers;
  plan.batch = batch;
  plan.messages = std::max<std::uint64_t>(deliveries / subscribers, 20 * batch) / batch * batch;
  plan.warm_up = plan.messages / 5;
  return plan;
}

}  // namespace bourse
