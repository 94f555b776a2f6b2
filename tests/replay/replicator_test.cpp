#include "replay/stream/replicator.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>

#include "replay/stream/stream_reader.h"  // StreamReader
#include "tests/replay/stream_fixture.h"  // StreamFixture
#include "tests/replay/tcp_proxy.h"       // TcpProxy
#include "tests/test_seed.h"              // test_seed

namespace bourse {
namespace {

using namespace std::chrono_literals;

class ReplicatorTest : public StreamFixture {
 protected:
  void TearDown() override { stop(0ms); }

  void start(const std::string& url, std::function<void(ReplicatorOptions&)> change = {}) {
    ReplicatorOptions options;
    options.server.url = url;
    options.stream = stream_options();
    options.answer_max = 1000ms;
    options.timeout = 1500ms;
    if (change) change(options);
    replicator.emplace(*log, options, [this](Sequence sequence) { log->acknowledge(sequence); });
    thread = std::thread([this] { ended = replicator->run(); });
  }
  void stop(std::chrono::milliseconds grace) {
    if (!replicator) return;
    replicator->stop(grace);
    if (thread.joinable()) thread.join();
    replicator.reset();
  }
  bool has_stored(std::uint64_t sequence) {
    return comes_true([&] { return replicator->stored() >= Sequence{sequence}; });
  }
  // Appends at a steady pace while something is done to the servers, by the thread that owns them.
  void write_during(const std::function<void()>& harm) {
    std::atomic<bool> is_done{false};
    std::thread trader([&] {
      while (!is_done) {
        write(1, 3);
        std::this_thread::sleep_for(1ms);
      }
    });
    harm();
    is_done = true;
    trader.join();
    write(20, 3);
  }
  // The stream has exactly what the log has: each sequence once, in order, byte for byte.
  void expect_whole(std::uint64_t last) {
    auto opened = eventually([&] {
      return StreamReader::open(
          {.server = {.url = servers->url()}, .stream = stream, .journal = log->journal_id()});
    });
    ASSERT_TRUE(opened) << opened.error().text();
    StreamReader& reader = *opened;
    for (std::uint64_t i = 1; i <= last; ++i) {
      const auto next = reader.next(30s);
      ASSERT_EQ(next, StreamReader::Next::transaction)
          << "sequence " << i << " of " << last << ", " << reader.trouble()
          << (next == StreamReader::Next::failed ? reader.error().text() : "");
      ASSERT_EQ(reader.transaction().sequence(), Sequence{i});
      ASSERT_TRUE(samples.matches(reader.transaction())) << "sequence " << i;
    }
    EXPECT_EQ(reader.next(10ms), StreamReader::Next::at_head);
    // Not only as the reader sees it: no message repeats what the one before it had.
    const auto state = server_state();
    std::uint64_t expected = 1;
    for (std::uint64_t i = state.first; i <= state.last; ++i) {
      const auto header = header_at(i, Sequence{expected});
      ASSERT_TRUE(header) << "message " << i;
      ASSERT_EQ(header->first, Sequence{expected}) << "message " << i;
      expected = header->last.value() + 1;
    }
    EXPECT_EQ(expected, last + 1);
  }
  void begin_on_three_servers() {
    start_servers(3);
    must_open();
    start(servers->url());
    write(20, 3);
    ASSERT_TRUE(has_stored(60)) << replicator->trouble();
  }
  // To the leader of the stream, under load, so many times.
  void harm_leaders(int rounds, const std::function<void(std::size_t)>& harm) {
    ASSERT_NO_FATAL_FAILURE(begin_on_three_servers());
    for (int round = 0; round < rounds; ++round) {
      write_during([&] {
        const std::size_t index = leader();
        ASSERT_LT(index, servers->count());
        harm(index);
      });
      expect_everything_stored();
    }
  }
  void expect_everything_stored() {
    ASSERT_TRUE(has_stored(head())) << replicator->trouble();
    expect_whole(head());
  }
  // Ten transactions are in the stream, and behind them two of the next engine.
  void begin_and_be_followed() {
    start_servers(1);
    must_open();
    write(10, 1);
    start(servers->url());
    ASSERT_TRUE(has_stored(10));
    journal = log->journal_id();
    ASSERT_EQ(publish(11, 12, server_state().last, epoch + 1).state, PublishState::stored);
  }
  void expect_an_end_by(ExitCode code) {
    thread.join();
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->code, code) << ended->text();
  }

  std::optional<Replicator> replicator;
  std::thread thread;
  std::optional<Error> ended;
};

TEST_F(ReplicatorTest, EverythingReleasedIsInTheStreamOnce) {
  start_servers(1);
  must_open();
  write(100, 5);
  start(servers->url());
  write(300, 7);
  ASSERT_TRUE(has_stored(2600)) << replicator->trouble();
  expect_whole(2600);
  EXPECT_EQ(replicator->counters().resyncs, 0U);
}

TEST_F(ReplicatorTest, AnotherStartGoesOnWhereTheStreamEnds) {
  start_servers(1);
  must_open();
  start(servers->url());
  write(50, 4);
  ASSERT_TRUE(has_stored(200));
  stop(5s);
  write(50, 4);
  start(servers->url());
  ASSERT_TRUE(has_stored(400));
  expect_whole(400);
}

TEST_F(ReplicatorTest, ALargeTransactionIsAMessageOfItsOwn) {
  largest = transaction_bytes_max;
  tail_bytes = std::size_t{8} << 20;
  segment_bytes = std::uint64_t{16} << 20;
  start_servers(1);
  must_open();
  ASSERT_TRUE(writer->append(samples.make(1, epoch)));
  ASSERT_TRUE(writer->append(samples.make_largest(2, epoch)));
  ASSERT_TRUE(writer->append(samples.make(3, epoch)));
  drain();
  start(servers->url());
  ASSERT_TRUE(has_stored(3)) << replicator->trouble();
  EXPECT_EQ(server_state().messages, 3U);
}

TEST_F(ReplicatorTest, AtLevelReplicatedNothingIsReleasedBeforeTheStreamHasIt) {
  durability = Durability::replicated;
  start_servers(1);
  must_open();
  write(10, 4);
  EXPECT_EQ(log->local_sequence(), Sequence{40});
  EXPECT_EQ(log->released_sequence(), Sequence{0});
  start(servers->url());
  ASSERT_TRUE(comes_true([&] { return log->released_sequence() == Sequence{40}; }));
  servers->kill(0);
  write(10, 4);
  EXPECT_EQ(log->local_sequence(), Sequence{80});
  ASSERT_TRUE(comes_true([&] { return replicator->is_stalled(); }));
  EXPECT_EQ(log->released_sequence(), Sequence{40});
  EXPECT_FALSE(replicator->trouble().empty());
  servers->start(0);
  ASSERT_TRUE(comes_true([&] { return log->released_sequence() == Sequence{80}; }))
      << replicator->trouble();
  EXPECT_FALSE(replicator->is_stalled());
  drain();
  EXPECT_FALSE(log->journal().has_work());
}

TEST_F(ReplicatorTest, TheStreamOfAnotherLogIsRefused) {
  start_servers(1);
  must_open();
  ASSERT_EQ(publish(1, 10, 0).state, PublishState::stored);
  start(servers->url());
  expect_an_end_by(ExitCode::bad_config);
}

TEST_F(ReplicatorTest, AStreamThatHasWhatThisLogHasNotEndsTheEngine) {
  start_servers(1);
  must_open();
  write(10, 1);
  journal = log->journal_id();
  ASSERT_EQ(publish(1, 11, 0, epoch).state, PublishState::stored);
  start(servers->url());
  expect_an_end_by(ExitCode::not_leader);
}

TEST_F(ReplicatorTest, Row23AnEngineThatAnotherHasFollowedPublishesNothingMore) {
  ASSERT_NO_FATAL_FAILURE(begin_and_be_followed());
  const std::uint64_t last = server_state().last;
  write(1, 1);
  expect_an_end_by(ExitCode::not_leader);
  EXPECT_EQ(server_state().last, last);
}

// Its second message finds the stream as long as it expected, and is stored behind the message of
// the next engine: the stream's end is its own again.
TEST_F(ReplicatorTest, Row23AnEngineWithMoreOnItsWayHearsThatAnotherHasFollowed) {
  ASSERT_NO_FATAL_FAILURE(begin_and_be_followed());
  write(10, 1);
  expect_an_end_by(ExitCode::not_leader);
  EXPECT_EQ(replicator->stored(), Sequence{10});
}

// What has been on its way when another engine took over may still be stored behind it, where it
// finds the stream as long as it expected: readers pass it over.
TEST_F(ReplicatorTest, Row23MessagesOfAnEarlierEpochThatComeTooLateArePassedOver) {
  start_servers(1);
  must_open();
  journal = log->journal_id();
  ASSERT_EQ(publish(1, 10, 0, 1).state, PublishState::stored);
  ASSERT_EQ(publish(11, 11, 1, 2).state, PublishState::stored);  // the next engine
  ASSERT_EQ(publish(11, 15, 1, 1).state, PublishState::fenced);
  ASSERT_EQ(publish(16, 20, 2, 1).state, PublishState::stored);  // late, in place
  ASSERT_EQ(publish(12, 20, 3, 2).state, PublishState::stored);
  for (const std::uint64_t from : {1, 11, 12, 16, 20}) {
    auto reader = StreamReader::open({.server = {.url = servers->url()},
                                      .stream = stream,
                                      .journal = journal,
                                      .from = Sequence{from}});
    ASSERT_TRUE(reader);
    for (std::uint64_t i = from; i <= 20; ++i) {
      ASSERT_EQ(reader->next(10s), StreamReader::Next::transaction) << i;
      ASSERT_EQ(reader->transaction().sequence(), Sequence{i});
      ASSERT_EQ(reader->transaction().epoch(), Epoch{i <= 10 ? 1U : 2U});
    }
    EXPECT_EQ(reader->next(10ms), StreamReader::Next::at_head);
  }
}

TEST_F(ReplicatorTest, Row21TheLeaderOfTheStreamIsKilledUnderLoad) {
  harm_leaders(2, [this](std::size_t index) {
    servers->kill(index);
    std::this_thread::sleep_for(2s);
    servers->start(index);
  });
}

// What was under way when it stopped comes in when the publisher has given it up.
TEST_F(ReplicatorTest, Row21TheLeaderOfTheStreamStandsStillLongerThanAnAnswerMayTake) {
  harm_leaders(3, [this](std::size_t index) {
    servers->pause(index);
    std::this_thread::sleep_for(1500ms);
    servers->resume(index);
  });
}

TEST_F(ReplicatorTest, Row21AFollowerIsKilledUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(begin_on_three_servers());
  write_during([&] {
    const std::size_t index = (leader() + 1) % servers->count();
    servers->kill(index);
    std::this_thread::sleep_for(1s);
    servers->start(index);
  });
  expect_everything_stored();
}

TEST_F(ReplicatorTest, Row21AllServersAreKilledUnderLoad) {
  ASSERT_NO_FATAL_FAILURE(begin_on_three_servers());
  write_during([&] {
    for (std::size_t i = 0; i < servers->count(); ++i) servers->kill(i);
    std::this_thread::sleep_for(1s);
    for (std::size_t i = 0; i < servers->count(); ++i) servers->start(i);
  });
  expect_everything_stored();
}

TEST_F(ReplicatorTest, Row22AStreamThatIsGoneIsFilledAgainFromTheLog) {
  start_servers(1);
  must_open();
  start(servers->url());
  write(100, 5);
  ASSERT_TRUE(has_stored(500));
  write_during([&] {
    servers->kill(0);
    servers->cut_store(0);
    servers->start(0);
  });
  ASSERT_TRUE(comes_true([&] { return replicator->counters().refills > 0; }));
  expect_everything_stored();
}

TEST_F(ReplicatorTest, Row22AStreamThatLostItsTailIsFilledAgainFromThere) {
  start_servers(1);
  must_open();
  start(servers->url());
  write(50, 5);
  ASSERT_TRUE(has_stored(250));
  servers->kill(0);
  // What the server had when it last wrote to the disk.
  const auto saved = servers->store(0).string() + ".saved";
  std::filesystem::copy(servers->store(0), saved, std::filesystem::copy_options::recursive);
  servers->start(0);
  write(50, 5);
  ASSERT_TRUE(has_stored(500)) << replicator->trouble();
  auto reader = StreamReader::open(
      {.server = {.url = servers->url()}, .stream = stream, .journal = log->journal_id()});
  ASSERT_TRUE(reader);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(reader->next(10s), StreamReader::Next::transaction);
  servers->kill(0);
  servers->cut_store(0);
  std::filesystem::rename(saved, servers->store(0));
  servers->start(0);
  write(50, 5);
  ASSERT_TRUE(comes_true([&] { return replicator->counters().refills > 0; }))
      << replicator->trouble();
  ASSERT_TRUE(has_stored(750)) << replicator->trouble();
  // A reader that was further than the stream goes on by sequence.
  for (std::uint64_t i = 501; i <= 750; ++i) {
    ASSERT_EQ(reader->next(30s), StreamReader::Next::transaction) << reader->trouble();
    ASSERT_EQ(reader->transaction().sequence(), Sequence{i});
  }
  expect_whole(750);
}

TEST_F(ReplicatorTest, Row24AnswersThatAreLostAreReadFromTheStream) {
  durability = Durability::replicated;
  start_servers(1);
  must_open();
  TcpProxy proxy(servers->port(0));
  start(proxy.url());
  write(20, 3);
  ASSERT_TRUE(has_stored(60)) << replicator->trouble();
  const std::uint64_t before = server_state().last;
  proxy.swallow_answers();
  write(20, 3);
  ASSERT_TRUE(comes_true([&] { return server_state().last > before; }));
  EXPECT_EQ(log->released_sequence(), Sequence{60});
  proxy.heal_answers();
  ASSERT_TRUE(has_stored(120)) << replicator->trouble();
  write(20, 3);
  ASSERT_TRUE(has_stored(180)) << replicator->trouble();
  EXPECT_GT(replicator->counters().resyncs, 0U);
  EXPECT_TRUE(comes_true([&] { return log->released_sequence() == Sequence{180}; }));
  expect_whole(180);
}

TEST_F(ReplicatorTest, Row25APartitionFromTheStreamAtLevelDiskIsFilledAfterwards) {
  start_servers(1);
  must_open();
  TcpProxy proxy(servers->port(0));
  start(proxy.url());
  write(20, 3);
  ASSERT_TRUE(has_stored(60)) << replicator->trouble();
  proxy.cut();
  write(50, 3);
  ASSERT_TRUE(comes_true([&] { return replicator->is_stalled(); }));
  EXPECT_EQ(log->released_sequence(), Sequence{210});  // goes on without the stream
  EXPECT_FALSE(replicator->trouble().empty());
  proxy.heal();
  ASSERT_TRUE(has_stored(210)) << replicator->trouble();
  expect_whole(210);
}

TEST_F(ReplicatorTest, Row25APartitionFromTheStreamAtLevelReplicatedReleasesNothing) {
  durability = Durability::replicated;
  start_servers(1);
  must_open();
  TcpProxy proxy(servers->port(0));
  start(proxy.url());
  write(20, 3);
  ASSERT_TRUE(has_stored(60)) << replicator->trouble();
  proxy.cut();
  write(50, 3);
  ASSERT_TRUE(comes_true([&] { return replicator->is_stalled(); }));
  EXPECT_EQ(log->local_sequence(), Sequence{210});
  EXPECT_EQ(log->released_sequence(), Sequence{60});
  proxy.heal();
  ASSERT_TRUE(comes_true([&] { return log->released_sequence() == Sequence{210}; }))
      << replicator->trouble();
  EXPECT_FALSE(replicator->is_stalled());
  expect_whole(210);
}

}  // namespace
}  // namespace bourse
