#include "replay/stream/stream_reader.h"

#include <gtest/gtest.h>

#include <chrono>

#include "replay/stream/key_value.h"      // KeyValue
#include "tests/replay/stream_fixture.h"  // StreamFixture

namespace bourse {
namespace {

using namespace std::chrono_literals;

class StreamReaderTest : public StreamFixture {
 protected:
  StreamReader open_reader(std::uint64_t from) {
    auto opened = StreamReader::open({.server = {.url = servers->url()},
                                      .stream = stream,
                                      .journal = journal,
                                      .from = Sequence{from}});
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
  }
  // Expects exactly these, byte for byte.
  void expect(StreamReader& reader, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i <= to; ++i) {
      const auto next = reader.next(10s);
      ASSERT_EQ(next, StreamReader::Next::transaction)
          << "sequence " << i << ", " << reader.trouble()
          << (next == StreamReader::Next::failed ? reader.error().text() : "");
      ASSERT_EQ(reader.transaction().sequence(), Sequence{i});
      ASSERT_TRUE(samples.matches(reader.transaction()));
    }
  }
  void fill(std::uint64_t messages, std::uint64_t per_message) {
    for (std::uint64_t i = 0; i < messages; ++i) {
      const auto done = publish(i * per_message + 1, (i + 1) * per_message, i);
      ASSERT_EQ(done.state, PublishState::stored) << done.error.text();
      ASSERT_EQ(done.stream_sequence, i + 1);
    }
  }
};

TEST_F(StreamReaderTest, StartsAtAnySequenceAndReadsToTheEnd) {
  start_servers(1);
  fill(40, 7);
  for (const std::uint64_t from : {1, 2, 7, 8, 100, 139, 140, 141, 280}) {
    StreamReader reader = open_reader(from);
    expect(reader, from, 280);
    EXPECT_EQ(reader.next(20ms), StreamReader::Next::at_head);
    EXPECT_EQ(reader.last_heard(), Sequence{280});
  }
}

TEST_F(StreamReaderTest, WaitsForWhatIsStillToCome) {
  start_servers(1);
  fill(3, 5);
  StreamReader reader = open_reader(16);
  EXPECT_EQ(reader.next(20ms), StreamReader::Next::at_head);
  ASSERT_EQ(publish(16, 20, 3).state, PublishState::stored);
  expect(reader, 16, 20);
}

TEST_F(StreamReaderTest, TellsWhatIsThereWhenTheBeginningIsGone) {
  start_servers(1);
  StreamBatch empty;
  empty.begin_empty(journal, Sequence{100}, Epoch{1});
  ASSERT_EQ(publish(empty, 0).state, PublishState::stored);
  ASSERT_EQ(publish(101, 120, 1).state, PublishState::stored);
  StreamReader late = open_reader(100);
  ASSERT_EQ(late.next(5s), StreamReader::Next::failed);
  EXPECT_EQ(late.error().code, ExitCode::file_missing) << late.error().text();
  StreamReader reader = open_reader(101);
  expect(reader, 101, 120);
}

TEST_F(StreamReaderTest, PassesOverWhatItHasHadAndRefusesAGap) {
  start_servers(1);
  fill(2, 10);
  ASSERT_EQ(publish(11, 25, 2).state, PublishState::stored);
  StreamReader reader = open_reader(1);
  expect(reader, 1, 25);
  ASSERT_EQ(publish(27, 30, 3).state, PublishState::stored);
  StreamReader::Next next = reader.next(100ms);
  for (int i = 0; i < 100 && next == StreamReader::Next::at_head; ++i) next = reader.next(100ms);
  ASSERT_EQ(next, StreamReader::Next::failed);
  EXPECT_EQ(reader.error().code, ExitCode::data_damaged) << reader.error().text();
  EXPECT_EQ(reader.position(), Sequence{26});
}

TEST_F(StreamReaderTest, Row27ADamagedMessageIsReadAgainAndNeverDelivered) {
  start_servers(1);
  fill(2, 10);
  StreamBatch batch;
  batch.begin(journal);
  for (std::uint64_t i = 21; i <= 30; ++i) batch.add(*TransactionView::parse(samples.make(i)));
  std::vector<std::byte> body(batch.body().begin(), batch.body().end());
  body[body.size() / 2] ^= std::byte{0x10};
  OutgoingMessage message(subject, body, 2);
  batch.header().write(message);
  ASSERT_EQ(server->publish(std::move(message)).state, PublishState::stored);
  StreamReader reader = open_reader(1);
  expect(reader, 1, 20);
  ASSERT_EQ(reader.next(5s), StreamReader::Next::failed);
  EXPECT_EQ(reader.error().code, ExitCode::data_damaged) << reader.error().text();
  EXPECT_GT(reader.rereads(), 0U);
}

TEST_F(StreamReaderTest, GoesOnWhenTheServerWasKilledAndStartedAgain) {
  start_servers(1);
  fill(20, 10);
  StreamReader reader = open_reader(1);
  expect(reader, 1, 55);
  servers->kill(0);
  EXPECT_EQ(reader.next(50ms), StreamReader::Next::transaction);  // of what it has already
  servers->start(0);
  const auto stored = eventually([&]() -> Result<void> {
    const auto done = publish(201, 210, 20);
    if (done.state == PublishState::stored) return {};
    return std::unexpected(done.error);
  });
  ASSERT_TRUE(stored) << stored.error().text();
  expect(reader, 57, 210);
}

TEST_F(StreamReaderTest, APublishThatExpectsAnotherEndIsNotStored) {
  start_servers(1);
  fill(2, 10);
  EXPECT_EQ(publish(1, 10, 0).state, PublishState::fenced);
  EXPECT_EQ(publish(21, 30, 1).state, PublishState::fenced);
  EXPECT_EQ(publish(21, 30, 3).state, PublishState::fenced);
  EXPECT_EQ(publish(21, 30, 2).stream_sequence, 3U);
}

TEST_F(StreamReaderTest, AKeyIsWrittenOnlyByWhoHasSeenItsLastValue) {
  start_servers(1);
  auto bucket = KeyValue::open(*server, {.bucket = "leader"});
  ASSERT_TRUE(bucket) << bucket.error().text();
  EXPECT_FALSE(bucket->get("0")->has_value());
  const auto created = bucket->create("0", "first");
  ASSERT_TRUE(created && *created);
  EXPECT_FALSE(bucket->create("0", "second")->has_value());
  const auto updated = bucket->update("0", "third", **created);
  ASSERT_TRUE(updated && *updated);
  EXPECT_FALSE(bucket->update("0", "fourth", **created)->has_value());
  const auto found = bucket->get("0");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->value, "third");
  EXPECT_EQ((*found)->revision, **updated);
}

}  // namespace
}  // namespace bourse
