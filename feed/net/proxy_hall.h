// Where connections of load balancers wait until they have said whose they are.
//   Shape:  takes descriptors, reads exactly the PROXY header of each (not a byte of TLS behind it)
//           and gives them out with the client's address.
//   Owner:  one io thread.
//   Errors: who says something else, or nothing in time, is cut without a word, and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "feed/net/listener.h"  // Accepted
#include "feed/net/reactor.h"   // Reactor

namespace bourse {

class ProxyHall {
 public:
  ProxyHall(Reactor& reactor, std::uint32_t wait_ms);
  ~ProxyHall();
  ProxyHall(const ProxyHall&) = delete;
  ProxyHall& operator=(const ProxyHall&) = delete;

  // At most this many wait at a time; further ones are cut.
  static constexpr std::size_t waiting_max = 1024;

  void enter(Accepted one);
  bool has_arrivals() const;              // somebody has told who he is
  void take(std::vector<Accepted>& out);  // appends them
  std::uint64_t refused_count() const;
  void close();  // cuts all that wait

 private:
  struct State;
  std::shared_ptr<State> state_;  // handlers that come late find it
};

}  // namespace bourse
