// A cursor under random stalls, laps, seeks and restarts, while segments are compressed and deleted
// under it, delivers each sequence exactly once and in order, wherever it finds it.
#include "replay/log/cursor.h"

#include <gtest/gtest.h>

#include "replay/log/segment_keeper.h"  // SegmentKeeper
#include "tests/replay/log_fixture.h"   // LogFixture

namespace bourse {
namespace {

class CursorProperty : public LogFixture {
 protected:
  CursorProperty() { samples = SampleTransactions(501); }

  // Appends and writes about `count` transactions in groups of random size.
  void produce(std::mt19937_64& random, std::size_t count) {
    while (count > 0) {
      std::size_t group = std::min<std::size_t>(count, 1 + random() % 60);
      count -= group;
      for (; group > 0; --group) {
        while (!writer->append(samples.make(head() + 1, epoch))) log->journal().step();
      }
      if (random() % 4 != 0) log->journal().step();
      if (random() % 8 == 0) log->helper_step();
    }
  }
};

// Everything is cold; what is not among the newest 3 MiB goes, if the "snapshot" covers it.
KeepPolicy random_policy(Log& log, std::mt19937_64& random) {
  return {.compress = true,
          .retain_bytes = std::uint64_t{3} << 20,
          .snapshot = [&log, &random]() -> Result<Sequence> {
            const std::uint64_t released = log.released_sequence().value();
            return Sequence{released - std::min<std::uint64_t>(released, random() % 3000)};
          }};
}

struct Reader {
  std::unique_ptr<Log> tool;  // of a reader in "another process"
  std::optional<Cursor> cursor;
  std::uint64_t expected = 1;
};

TEST_F(CursorProperty, Row18EachSequenceExactlyOnceInOrderThroughStallsLapsSeeksAndRestarts) {
  segment_bytes = std::uint64_t{128} << 10;
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  SampleTransactions expected_bytes(501);
  std::uint64_t delivered = 0;
  std::uint64_t from_memory = 0;
  std::uint64_t from_files = 0;
  std::uint64_t laps = 0;
  std::vector<Reader> readers(6);
  std::vector<std::uint32_t> epochs;  // of each sequence

  const char* const more = std::getenv("BOURSE_ROUNDS");
  const std::uint64_t rounds = more != nullptr ? std::strtoull(more, nullptr, 10) : 6000;
  must_open();
  std::unique_ptr<SegmentKeeper> keeper = log->keeper(random_policy(*log, random));
  std::uint64_t overtaken = 0;  // readers whose next transaction had been deleted
  std::uint64_t compressed = 0;
  std::uint64_t deleted = 0;
  const auto count_kept = [&] {
    compressed += keeper->counters().compressed;
    deleted += keeper->counters().deleted;
  };
  for (std::uint64_t round = 0; round < rounds; ++round) {
    if (random() % 400 == 0) {  // the exchange dies and comes back: readers of its own go with it
      for (std::size_t i = 0; i < readers.size(); ++i) {
        if (readers[i].cursor) laps += readers[i].cursor->laps();
        readers[i].cursor.reset();
        readers[i].tool.reset();
      }
      drain();  // what was not released may be lost, and would be numbered again
      count_kept();
      keeper.reset();
      drop();
      must_open();
      keeper = log->keeper(random_policy(*log, random));
    }
    // Sometimes more than the tail holds, so that whoever stalled is lapped.
    produce(random, random() % 50 == 0 ? 1500 : random() % 60);
    epochs.resize(head() + 1, epoch);
    if (random() % 4 == 0) {
      ASSERT_NE(keeper->step(TimeNs{std::numeric_limits<std::int64_t>::max()}),
                SegmentKeeper::Step::failed)
          << keeper->failure().text();
    }
    const std::uint64_t earliest = log->earliest_sequence().value();

    Reader& reader = readers[random() % readers.size()];
    const bool other_process = &reader >= &readers[4];
    const std::uint64_t released = log->released_sequence().value();
    if (!reader.cursor || random() % 200 == 0) {
      if (reader.cursor) laps += reader.cursor->laps();
      reader.cursor.reset();
      if (other_process && (reader.tool == nullptr || random() % 2 == 0)) {
        LogOptions tool_options = options();
        tool_options.read_only = true;
        auto tool = Log::open(tool_options);
        ASSERT_TRUE(tool) << tool.error().text();
        reader.tool = std::move(*tool);
      }
      const Log& from = other_process ? *reader.tool : *log;
      auto cursor =
          from.cursor(Sequence{std::max(earliest, std::min(reader.expected, released + 1))});
      ASSERT_TRUE(cursor) << cursor.error().text();
      reader.expected = cursor->position().value();
      reader.cursor.emplace(std::move(*cursor));
    } else if (random() % 40 == 0) {
      // Mostly near the head, where memory and files meet.
      const std::uint64_t back = random() % (random() % 4 == 0 ? released + 1 : 2000);
      reader.expected = std::max(earliest, released + 1 - std::min(back, released));
      const auto placed = reader.cursor->seek(Sequence{reader.expected});
      ASSERT_TRUE(placed) << placed.error().text();
    } else if (random() % 40 == 0 && released > 0) {
      const std::uint64_t wanted = std::max(
          earliest, released - random() % std::min<std::uint64_t>(
                                              released, random() % 4 == 0 ? released : 2000));
      const TimeNs time = SampleTransactions::time_of(wanted);
      ASSERT_TRUE(reader.cursor->seek(time));
      reader.expected = reader.cursor->position().value();
      // Three in a row share a time: the first of them is the answer.
      ASSERT_LE(reader.expected, wanted) << "seed " << seed;
      ASSERT_EQ(SampleTransactions::time_of(reader.expected), time);
      if (reader.expected > earliest) {
        ASSERT_LT(SampleTransactions::time_of(reader.expected - 1), time);
      }
    }
    ASSERT_EQ(reader.cursor->position().value(), reader.expected);
    // A little, or until there is no more: then the reader is live until it stalls.
    const bool to_the_head = random() % 3 == 0 && released - reader.expected + 1 < 3000;
    for (std::uint64_t budget = random() % 400; budget > 0 || to_the_head; --budget) {
      const Cursor::Next next = reader.cursor->next();
      if (next == Cursor::Next::at_head) {
        ASSERT_GT(reader.expected, released) << "waits too early, seed " << seed;
        break;
      }
      if (next == Cursor::Next::failed && reader.expected < earliest) {
        // Deleted before it came: it is told what there is, and goes on from there.
        ASSERT_NE(
            reader.cursor->error().text().find("sequences " + std::to_string(earliest) + " to"),
            std::string::npos)
            << reader.cursor->error().text();
        ASSERT_TRUE(reader.cursor->seek(Sequence{earliest}));
        reader.expected = earliest;
        ++overtaken;
        continue;
      }
      ASSERT_EQ(next, Cursor::Next::transaction)
          << reader.cursor->error().text() << "\nseed " << seed << ", round " << round;
      const TransactionView& got = reader.cursor->transaction();
      ASSERT_EQ(got.sequence().value(), reader.expected) << "seed " << seed;
      ASSERT_LE(reader.expected, log->released_sequence().value()) << "told too early";
      ASSERT_TRUE(expected_bytes.matches(got)) << "seed " << seed;
      ASSERT_EQ(got.epoch().value(), epochs[reader.expected]);
      ++reader.expected;
      ++delivered;
      ++(reader.cursor->in_memory() ? from_memory : from_files);
    }
  }
  for (const Reader& reader : readers) {
    if (reader.cursor) laps += reader.cursor->laps();
  }
  std::printf("%llu delivered, %llu from memory, %llu from files, %llu laps, %zu segments\n",
              static_cast<unsigned long long>(delivered),
              static_cast<unsigned long long>(from_memory),
              static_cast<unsigned long long>(from_files), static_cast<unsigned long long>(laps),
              files(".seg").size());
  count_kept();
  std::printf("%llu compressed, %llu deleted, %llu readers overtaken by deletion\n",
              static_cast<unsigned long long>(compressed), static_cast<unsigned long long>(deleted),
              static_cast<unsigned long long>(overtaken));
  EXPECT_GT(compressed, 5U);
  EXPECT_GT(deleted, 5U);
  EXPECT_GT(from_memory, delivered / 20);
  EXPECT_GT(from_files, delivered / 20);
  EXPECT_GT(laps, 20U);
}

TEST_F(CursorProperty, Row19ASeekOutsideOfTheLogNamesWhatIsThere) {
  must_open();
  write(10, 2);
  auto cursor = log->cursor(Sequence{5});
  ASSERT_TRUE(cursor);
  for (const std::uint64_t outside : {std::uint64_t{0}, std::uint64_t{22}, ~std::uint64_t{0}}) {
    const auto placed = cursor->seek(Sequence{outside});
    ASSERT_FALSE(placed);
    EXPECT_EQ(placed.error().code, ExitCode::usage);
    EXPECT_NE(placed.error().text().find("sequences 1 to 20 are there"), std::string::npos)
        << placed.error().text();
    EXPECT_FALSE(log->cursor(Sequence{outside}));
  }
  // The failed seeks have not moved it.
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_EQ(cursor->transaction().sequence(), Sequence{5});
  // One past the head is a place to wait.
  ASSERT_TRUE(cursor->seek(Sequence{21}));
  EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
  write(1, 1);
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_EQ(cursor->transaction().sequence(), Sequence{21});
}

TEST_F(CursorProperty, ASeekByTimeBeforeAndAfterEverything) {
  must_open();
  write(40, 7);
  auto cursor = log->cursor(Sequence{100});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE(cursor->seek(TimeNs{0}));
  EXPECT_EQ(cursor->position(), Sequence{1});
  ASSERT_TRUE(cursor->seek(TimeNs{std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(cursor->position(), Sequence{281});
  EXPECT_EQ(cursor->next(), Cursor::Next::at_head);
}

}  // namespace
}  // namespace bourse
