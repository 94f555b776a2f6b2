#include "bench/fanout/fanout_run.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "bench/fanout/fanout_client.h"  // run_fanout_client
#include "bench/fanout/fanout_server.h"  // serve_fanout
#include "bench/measure/machine.h"       // pin_to_core
#include "bench/twins/beast_twin.h"      // serve_beast_twin
#include "bench/twins/uws_twin.h"        // serve_uws_twin

namespace bourse {

std::optional<FanoutFigures> run_fanout(FanoutServer server, const FanoutPlan& plan,
                                        const std::filesystem::path& uws) {
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
  const auto on_port = [&ports](std::uint16_t port) {
    if (::write(ports[1], &port, sizeof port) != sizeof port) std::abort();
  };
  std::optional<ServerFigures> served;
  if (server == FanoutServer::uws) {
    served = serve_uws_twin(uws, plan, on_port);
  } else {
    FanoutSource source(plan);
    (server == FanoutServer::ours ? serve_fanout : serve_beast_twin)(source, on_port);
    if (source.is_done()) served = source.figures();
  }
  if (!served) ::kill(child, SIGKILL);  // it may wait for a port, or for more
  FanoutFigures figures{served.value_or(ServerFigures{}), {}};
  ::close(results[1]);
  const bool read = ::read(results[0], &figures.client, sizeof figures.client) ==
                    static_cast<ssize_t>(sizeof figures.client);
  ::waitpid(child, nullptr, 0);
  for (const int fd : {ports[0], ports[1], results[0]}) ::close(fd);
  if (!read || !served || !figures.client.is_complete) return std::nullopt;
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
