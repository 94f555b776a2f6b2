#include "tests/nats_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>

#include "tests/data_folder.h"  // source_path

namespace bourse {
namespace {

using namespace std::chrono_literals;

std::string find_server() {
  const char* const named = std::getenv("BOURSE_NATS_SERVER");
  if (named != nullptr && *named != '\0') return ::access(named, X_OK) == 0 ? named : "";
  const char* const path = std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "") + ":/usr/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/nats-server";
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  const std::string fetched = source_path("build/tools/nats-server").string();
  return ::access(fetched.c_str(), X_OK) == 0 ? fetched : "";
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Ports that were free together a moment ago.
std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<std::uint16_t> ports;
  std::vector<int> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): as the socket calls want it
    static_cast<void>(::bind(socket, reinterpret_cast<sockaddr*>(&address), size));
    static_cast<void>(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size));
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    ports.push_back(ntohs(address.sin_port));
    sockets.push_back(socket);
  }
  for (const int socket : sockets) ::close(socket);
  return ports;
}

bool accepts(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as connect() wants it
  const int done = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(socket);
  return done == 0;
}

}  // namespace

std::string NatsServers::why_absent() {
  if (!find_server().empty()) return {};
  return "no nats-server in $BOURSE_NATS_SERVER, PATH, /usr/sbin or build/tools (./dev test "
         "fetches "
         "one where there is a network)";
}

NatsServers::NatsServers(std::size_t count) {
  std::string name = (std::filesystem::temp_directory_path() / "bourse-nats-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::perror("mkdtemp");
  folder_ = name;
  const auto ports = free_ports(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    servers_.push_back({.port = ports[2 * i], .cluster_port = ports[2 * i + 1], .process = -1});
  }
  for (std::size_t i = 0; i < count; ++i) start(i);
}

NatsServers::~NatsServers() {
  for (std::size_t i = 0; i < servers_.size(); ++i) kill(i);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string NatsServers::url(std::size_t index) const {
  return "nats://127.0.0.1:" + std::to_string(servers_[index].port);
}

std::string NatsServers::url() const {
  std::string all;
  for (std::size_t i = 0; i < servers_.size(); ++i) all += (i > 0 ? "," : "") + url(i);
  return all;
}

std::filesystem::path NatsServers::store(std::size_t index) const { return folder_ / name(index); }

void NatsServers::write_configuration(std::size_t index) const {
  const Server& server = servers_[index];
  std::ofstream out(folder_ / (name(index) + ".conf"));
  out << "server_name: " << name(index) << "\n"
      << "listen: \"127.0.0.1:" << server.port << "\"\n"
      << "max_payload: 4MB\n"
      << "jetstream { store_dir: \"" << store(index).string()
      << "\", max_mem: 64MB, max_file: 4GB }\n";
  if (servers_.size() == 1) return;
  out << "cluster {\n  name: tests\n  listen: \"127.0.0.1:" << server.cluster_port
      << "\"\n  routes: [\n";
  for (const Server& other : servers_) {
    out << "    \"nats://127.0.0.1:" << other.cluster_port << "\"\n";
  }
  out << "  ]\n}\n";
}

void NatsServers::start(std::size_t index) {
  Server& server = servers_[index];
  if (server.process > 0) return;
  write_configuration(index);
  const std::string program = find_server();
  const std::string configuration = (folder_ / (name(index) + ".conf")).string();
  const std::string output = (folder_ / (name(index) + ".log")).string();
  server.process = ::fork();
  if (server.process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execl(program.c_str(), program.c_str(), "-c", configuration.c_str(), nullptr);
    ::_exit(127);
  }
  wait_ready(index);
}

void NatsServers::wait_ready(std::size_t index) const {
  for (int i = 0; i < 500 && !accepts(servers_[index].port); ++i) std::this_thread::sleep_for(20ms);
}

void NatsServers::kill(std::size_t index) {
  Server& server = servers_[index];
  if (server.process <= 0) return;
  ::kill(server.process, SIGKILL);
  ::waitpid(server.process, nullptr, 0);
  server.process = -1;
}

void NatsServers::pause(std::size_t index) { ::kill(servers_[index].process, SIGSTOP); }
void NatsServers::resume(std::size_t index) { ::kill(servers_[index].process, SIGCONT); }

void NatsServers::cut_store(std::size_t index) {
  std::error_code ignored;
  std::filesystem::remove_all(store(index), ignored);
}

}  // namespace bourse
