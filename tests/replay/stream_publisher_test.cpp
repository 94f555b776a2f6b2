#include "replay/stream/stream_publisher.h"

#include "tests/replay/stream_fixture.h"  // StreamFixture

namespace bourse {
namespace {

// Two publishers of one log, one after the other: what the first had on its way comes late, because
// a server stood still.
class StreamPublisherTest : public StreamFixture {
 protected:
  void SetUp() override {
    StreamFixture::SetUp();
    if (IsSkipped()) return;
    start_servers(1);
    before = make(0);
    after = make(0);
  }
  std::unique_ptr<StreamPublisher> make(std::uint64_t last) {
    auto made = StreamPublisher::make(*server, {.subject = subject, .last = last},
                                      {[](Sequence) {}, [] {}});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  void send(StreamPublisher& publisher, std::uint64_t from, std::uint64_t to) {
    StreamBatch batch;
    batch.begin(journal);
    for (std::uint64_t i = from; i <= to; ++i)
      batch.add(*TransactionView::parse(samples.make(i, 1)));
    publisher.send(batch);
  }
  // As the replicator does: a second one only when the first is stored.
  void send_in_turn(StreamPublisher& publisher, std::uint64_t from, std::uint64_t to) {
    const auto is_ready = [&] {
      return publisher.has_failed() || publisher.may_pipeline() || publisher.in_flight() == 0;
    };
    ASSERT_TRUE(comes_true(is_ready));
    if (!publisher.has_failed()) send(publisher, from, to);
  }
  static bool is_drained(const StreamPublisher& publisher) {
    return comes_true([&] { return publisher.in_flight() == 0; });
  }
  // The last transaction of a stream that has all from 1 on, in order; 0: there is a hole.
  std::uint64_t whole_up_to() {
    std::uint64_t last = 0;
    const StreamState state = server_state();
    for (std::uint64_t i = state.first; i <= state.last; ++i) {
      auto message = server->message(stream, i);
      if (!message || !*message) return 0;
      const auto header = BatchHeader::read(**message);
      if (!header || header->first.value() != last + 1) return 0;
      last = header->last.value();
    }
    return last;
  }

  std::unique_ptr<StreamPublisher> before, after;
};

TEST_F(StreamPublisherTest, BatchesAreStoredOneBehindTheOther) {
  EXPECT_FALSE(after->may_pipeline());
  for (std::uint64_t i = 1; i <= 50; ++i) send_in_turn(*after, i, i);
  ASSERT_TRUE(is_drained(*after));
  EXPECT_TRUE(after->may_pipeline());
  EXPECT_FALSE(after->has_failed());
  EXPECT_EQ(whole_up_to(), 50U);
}

// The third one would find the stream as long as it expects.
TEST_F(StreamPublisherTest, NothingIsStoredBehindWhatCameLateFromAnEarlierOne) {
  send(*before, 1, 2);
  send(*before, 3, 4);
  ASSERT_TRUE(is_drained(*before));
  for (std::uint64_t i = 0; i < 4; ++i) send_in_turn(*after, 5 * i + 1, 5 * i + 5);
  ASSERT_TRUE(is_drained(*after));
  EXPECT_EQ(after->failure().state, PublishState::fenced);
  EXPECT_EQ(whole_up_to(), 4U);
}

TEST_F(StreamPublisherTest, ThePublisherAfterARestartOfTheServerGoesOn) {
  send_in_turn(*after, 1, 3);
  ASSERT_TRUE(is_drained(*after));
  servers->kill(0);
  servers->start(0);
  ASSERT_TRUE(comes_true([&] { return server->is_connected(); }));
  after = make(server_state().last);
  send_in_turn(*after, 4, 5);
  send_in_turn(*after, 6, 6);
  ASSERT_TRUE(is_drained(*after));
  EXPECT_FALSE(after->has_failed());
  EXPECT_EQ(whole_up_to(), 6U);
}

}  // namespace
}  // namespace bourse
