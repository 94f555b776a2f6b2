// The door: a listening TCP socket of one io thread.
//   Shape:  accept() takes the connections that wait, at most as many as asked, with the socket
//           options of the feed set. Io threads share a port by SO_REUSEPORT.
//   Owner:  one io thread.
//   Errors: open() fails if the port is in use (also by a process that would share it), forbidden,
//           or the host is none of this machine's. accept() pauses when descriptors run out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "feed/net/reactor.h"  // Reactor
#include "replay/result.h"     // Result

namespace bourse {

struct Accepted {
  int fd;
  std::string peer;  // "127.0.0.1:51234"
};

class Listener {
 public:
  enum class Sharing : std::uint8_t {
    alone = 1,
    first = 2,   // others of this process will share the port
    joined = 3,  // shares the port that `first` has opened
  };

  // port 0: any free one.
  static Result<std::unique_ptr<Listener>> open(Reactor& reactor, const std::string& host,
                                                std::uint16_t port, Sharing sharing);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }
  bool ready() const { return ready_; }  // a connection waits
  void accept(std::size_t connections_max, std::vector<Accepted>& out);
  void close();
  // Ends a connection that nobody wants, at once and without a trace in the kernel.
  static void refuse(int fd);

 private:
  struct Waiting;
  Listener(Reactor& reactor, int fd, std::uint16_t port);
  void wait();

  std::unique_ptr<Waiting> waiting_;
  int fd_;
  std::uint16_t port_;
  bool ready_ = false;
};

}  // namespace bourse
