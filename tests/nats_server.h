// Private nats-servers with JetStream on loopback, for tests: one, or a cluster of three, that can
// be killed, stopped, continued, started again, and robbed of their stores.
//   Shape:   ports chosen free, stores in a folder of their own that goes with the object.
//   Owner:   the thread that makes and starts them: a server ends with the thread that started it.
//   Errors:  where there is no nats-server, why_absent() says where it was looked for.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bourse {

class NatsServers {
 public:
  // Empty: there is one. Else a sentence to skip a test with.
  static std::string why_absent();

  // Started and ready when it returns; `count` 1 or 3. One server is not a cluster.
  explicit NatsServers(std::size_t count = 1);
  ~NatsServers();
  NatsServers(const NatsServers&) = delete;
  NatsServers& operator=(const NatsServers&) = delete;

  std::size_t count() const { return servers_.size(); }
  std::string url() const;  // of all of them
  std::string url(std::size_t index) const;
  std::uint16_t port(std::size_t index) const { return servers_[index].port; }
  // As StreamState::leader says it: "server-0" is the first.
  static std::string name(std::size_t index) { return "server-" + std::to_string(index); }

  void kill(std::size_t index);       // SIGKILL, and waits for its end
  void pause(std::size_t index);      // SIGSTOP
  void resume(std::size_t index);     // SIGCONT
  void start(std::size_t index);      // after kill()
  void cut_store(std::size_t index);  // what a power cut takes: REQUIRES: killed
  std::filesystem::path store(std::size_t index) const;

 private:
  struct Server {
    std::uint16_t port = 0;
    std::uint16_t cluster_port = 0;
    pid_t process = -1;
  };
  void write_configuration(std::size_t index) const;
  void wait_ready(std::size_t index) const;

  std::filesystem::path folder_;
  std::vector<Server> servers_;
};

}  // namespace bourse
