#include "feed/net/reactor.h"

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>

#include "matching/check.h"  // CHECK

namespace bourse {

namespace net = boost::asio;

struct Reactor::State {
  net::io_context context{1};
  net::posix::basic_stream_descriptor<net::io_context::executor_type> bell{context};
  std::uint64_t rings = 0;

  void listen() {
    bell.async_read_some(net::buffer(&rings, sizeof rings), [this](auto error, std::size_t) {
      if (!error) listen();
    });
  }
};

std::int64_t steady_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Reactor::Reactor() : state_of_asio_(std::make_unique<State>()), now_ns_(steady_now_ns()) {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  CHECK(fd >= 0);
  state_of_asio_->bell.assign(fd);
  state_of_asio_->listen();
}

Reactor::~Reactor() = default;

void Reactor::poll() {
  state_of_asio_->context.poll();
  now_ns_ = steady_now_ns();
}

void Reactor::block(std::int64_t timeout_ns) {
  state_of_asio_->context.run_one_for(std::chrono::nanoseconds(timeout_ns));
  state_.store(awake, std::memory_order_relaxed);
}

void Reactor::wake() {
  if (state_.exchange(awake, std::memory_order_seq_cst) != sleeping) return;
  const std::uint64_t one = 1;
  // The counter cannot overflow: one ring per sleep.
  const auto written = ::write(state_of_asio_->bell.native_handle(), &one, sizeof one);
  CHECK(written == sizeof one);
}

boost::asio::io_context& Reactor::native() { return state_of_asio_->context; }

}  // namespace bourse
