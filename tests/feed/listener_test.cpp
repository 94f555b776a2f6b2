#include "feed/net/listener.h"

#include <gtest/gtest.h>

namespace bourse {
namespace {

TEST(Listener, APortInUseIsNamedWithWhatToDo) {
  Reactor reactor;
  const auto first = Listener::open(reactor, "127.0.0.1", 0, Listener::Sharing::alone);
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->port();
  const auto second = Listener::open(reactor, "127.0.0.1", port, Listener::Sharing::alone);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::cannot_create);
  EXPECT_EQ(second.error().what, "port " + std::to_string(port) + " is in use");
  EXPECT_NE(second.error().next.find("--port"), std::string::npos);
}

TEST(Listener, ThreadsShareAPortButAStrangerCannotJoin) {
  Reactor reactor;
  const auto first = Listener::open(reactor, "127.0.0.1", 0, Listener::Sharing::first);
  ASSERT_TRUE(first);
  const std::uint16_t port = (*first)->port();
  EXPECT_TRUE(Listener::open(reactor, "127.0.0.1", port, Listener::Sharing::joined));
  EXPECT_FALSE(Listener::open(reactor, "127.0.0.1", port, Listener::Sharing::first));
}

TEST(Listener, AHostThatIsNotOursIsRefused) {
  Reactor reactor;
  const auto other = Listener::open(reactor, "192.0.2.1", 0, Listener::Sharing::alone);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ExitCode::bad_config);
  const auto nonsense = Listener::open(reactor, "no such host", 0, Listener::Sharing::alone);
  ASSERT_FALSE(nonsense);
  EXPECT_EQ(nonsense.error().code, ExitCode::bad_config);
}

}  // namespace
}  // namespace bourse
