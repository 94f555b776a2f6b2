// The copy of a log that follows a stream, on a private nats-server.
#include "replay/stream/log_follower.h"

#include <gtest/gtest.h>

#include <thread>

#include "replay/stream/archive_range.h"  // ArchiveClient, ArchiveDesk
#include "tests/replay/stream_fixture.h"  // StreamFixture

namespace bourse {
namespace {

using namespace std::chrono_literals;

struct LogFollowerTest : StreamFixture {
  void open_copy() {
    LogOptions copy = options();
    copy.copy_of = journal;
    auto opened = Log::open(copy);
    ASSERT_TRUE(opened) << opened.error().text();
    log = std::move(*opened);
  }
  // From the copy's own last transaction on, as a gateway does.
  void follow() {
    auto reader = StreamReader::open({.server = {.url = servers->url()},
                                      .stream = stream,
                                      .journal = journal,
                                      .from = std::max(log->last_sequence(), Sequence{1})});
    ASSERT_TRUE(reader) << reader.error().text();
    follower.emplace(*log, std::move(*reader));
  }
  // Until the copy has it, or an error.
  Result<void> follow_to(std::uint64_t sequence) {
    for (int i = 0; i < 1000 && follower->last() < Sequence{sequence}; ++i) {
      const auto taken = follower->step(50ms);
      drain();
      if (!taken) return std::unexpected(taken.error());
    }
    EXPECT_EQ(follower->last(), Sequence{sequence});
    return {};
  }
  void end() {
    follower.reset();
    log.reset();
    disk->kill();
  }

  std::optional<LogFollower> follower;
};

TEST_F(LogFollowerTest, TheCopyIsTheSameLogWithItsSequencesTimesAndEpochs) {
  start_servers(1);
  for (std::uint64_t i = 0; i < 30; ++i)
    ASSERT_EQ(publish(10 * i + 1, 10 * i + 10, i, 1).state, PublishState::stored);
  ASSERT_EQ(publish(301, 320, 30, 4).state, PublishState::stored);
  open_copy();
  follow();
  ASSERT_TRUE(follow_to(320));
  EXPECT_EQ(follower->epoch(), Epoch{4});
  EXPECT_EQ(log->journal_id(), journal);
  EXPECT_EQ(read_all(*log), 320U);
}

TEST_F(LogFollowerTest, AfterADeathItGoesOnFromItsOwnLastSequence) {
  start_servers(1);
  std::uint64_t stored = 0, to = 0;
  for (int life = 0; life < 5; ++life) {
    for (int i = 0; i < 20; ++i, to += 10)
      ASSERT_EQ(publish(to + 1, to + 10, stored++).state, PublishState::stored);
    open_copy();
    follow();
    ASSERT_TRUE(follow_to(to));
    end();
  }
  open_copy();
  EXPECT_EQ(log->last_sequence(), Sequence{to});
  EXPECT_EQ(read_all(*log), to);
}

TEST_F(LogFollowerTest, Row27WhatIsDamagedIsNeverAppended) {
  start_servers(1);
  ASSERT_EQ(publish(1, 20, 0).state, PublishState::stored);
  StreamBatch batch;
  batch.begin(journal);
  for (std::uint64_t i = 21; i <= 30; ++i) batch.add(*TransactionView::parse(samples.make(i)));
  std::vector<std::byte> body(batch.body().begin(), batch.body().end());
  body[body.size() / 2] ^= std::byte{0x10};
  OutgoingMessage message(subject, body, 1);
  batch.header().write(message);
  ASSERT_EQ(server->publish(std::move(message)).state, PublishState::stored);
  open_copy();
  follow();
  const auto followed = follow_to(30);
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ExitCode::data_damaged);
  EXPECT_TRUE(follower->has_reader_failed());
  EXPECT_EQ(follower->last(), Sequence{20});
  EXPECT_EQ(read_all(*log), 20U);
}

TEST_F(LogFollowerTest, ACopyOfWhatWasGivenUpIsToldFromTheLogThatIs) {
  start_servers(1);
  ASSERT_EQ(publish(1, 20, 0, 1).state, PublishState::stored);
  open_copy();
  writer.emplace(log->tail().writer());
  epoch = 2;  // the same sequences in another epoch
  append(20);
  drain();
  writer.reset();
  log.reset();
  open_copy();
  follow();
  const auto followed = follow_to(21);
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().code, ExitCode::data_damaged);
  EXPECT_FALSE(follower->has_reader_failed());
  EXPECT_NE(followed.error().what.find("transaction 20"), std::string::npos);
}

TEST_F(LogFollowerTest, AnArchiveGivesTheSameTransactionsInRanges) {
  start_servers(1);
  epoch = 1;
  must_open();
  epoch = 1;
  write(40, 25);
  auto requests = Mailbox::open(*server, "bourse.arc.0");
  ASSERT_TRUE(requests);
  auto connected = connect();
  ASSERT_TRUE(connected);
  auto client = ArchiveClient::open(*connected, "bourse.arc.0");
  ASSERT_TRUE(client);
  std::jthread desk_thread([&](const std::stop_token& stop) {
    ArchiveDesk desk(*log);
    while (!stop.stop_requested())
      if (const auto request = requests->next(20ms))
        send_message(*server, std::string(request->reply_to()), desk.answer(request->bytes()));
  });
  std::uint64_t wanted = 1;
  while (wanted <= 1000) {
    const auto batch = client->ask(Sequence{wanted}, 5s);
    ASSERT_TRUE(batch) << batch.error().text();
    for (std::size_t i = 0; i < (*batch)->count(); ++i, ++wanted) {
      ASSERT_EQ((*batch)->transaction(i).sequence(), Sequence{wanted});
      ASSERT_TRUE(samples.matches((*batch)->transaction(i)));
    }
    if (wanted > 500 && wanted < 600) wanted = 300;  // back, as another gateway would
    if (wanted > 300 && wanted < 400) wanted = 700;
  }
  const auto beyond = client->ask(Sequence{1001}, 5s);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ExitCode::file_missing);
}

}  // namespace
}  // namespace bourse
