// The book at any sequence of the past, from snapshots, keyframes or the beginning of the log.
#include "replay/snapshot/book_history.h"

#include <gtest/gtest.h>

#include <map>

#include "replay/log/snapshot_catalog.h"     // list_snapshots
#include "replay/snapshot/book_keyframes.h"  // BookKeyframes
#include "replay/snapshot/restore.h"         // restore
#include "replay/snapshot/snapshotter.h"     // save_snapshot
#include "tests/replay/engine_log.h"         // EngineLog
#include "tests/replay/log_fixture.h"        // LogFixture

namespace bourse {
namespace {

class BookHistory : public LogFixture {
 protected:
  // Fills the log and notes what the book of EX.A was after each sequence.
  void SetUp() override {
    segment_bytes = std::uint64_t{128} << 10;
    must_open();
    EngineLog market(*log, *writer, test_seed());
    market.open_epoch();
    market.define("EX.A");
    market.define("EX.B");
    for (int i = 0; i < 40; ++i) {
      market.trade(100);
      drain();
    }
    auto cursor = log->cursor(Sequence{1});
    ASSERT_TRUE(cursor);
    MarketState state;
    while (cursor->next() == Cursor::Next::transaction) {
      ASSERT_EQ(state.apply(cursor->transaction()), DepthError::none);
      const DepthBook* const book = state.book(SymbolId{1});
      if (book != nullptr) hashes[state.sequence()] = book->book_hash();
    }
  }
  void snapshot(std::uint64_t last) {
    const auto state =
        restore(*log, {.limits = {}, .last = Sequence{last}, .snapshot = {}, .stop = {}});
    ASSERT_TRUE(state) << state.error().text();
    ASSERT_TRUE(save_snapshot(*log, *state, TimeNs{1}));
  }
  void expect_books(std::uint64_t every) {
    for (std::uint64_t at = 5; at <= head(); at += every) {
      const auto book = book_at(*log, "EX.A", Sequence{at});
      ASSERT_TRUE(book) << book.error().text();
      EXPECT_EQ(book->book.book_hash(), hashes.at(Sequence{at})) << "sequence " << at;
      EXPECT_EQ(book->sequence.value(), at);
      EXPECT_EQ(book->transactions, at - book->snapshot.value());
    }
  }

  std::map<Sequence, std::uint64_t> hashes;
};

TEST_F(BookHistory, TheBookAtAnySequenceIsWhatItWas) { expect_books(97); }

TEST_F(BookHistory, SnapshotsShortenTheWayAndChangeNothing) {
  snapshot(1'000);
  snapshot(2'500);
  snapshot(4'003);
  expect_books(89);
  const auto book = book_at(*log, "EX.A", Sequence{3'000});
  ASSERT_TRUE(book);
  EXPECT_EQ(book->snapshot, Sequence{2'500});
  EXPECT_EQ(book->transactions, 500U);
}

TEST_F(BookHistory, KeyframesShortenItMore) {
  auto keyframes = BookKeyframes::open(*log, MarketState(), 250);
  ASSERT_TRUE(keyframes);
  for (;;) {
    const auto more = keyframes->step(TimeNs{1});
    ASSERT_TRUE(more) << more.error().text();
    if (!*more) break;
  }
  EXPECT_EQ(keyframes->position().value(), head());
  const auto frames = list_snapshots(*disk, directory, SnapshotKind::books);
  ASSERT_TRUE(frames);
  EXPECT_EQ(frames->size(), keyframes->written_count());
  EXPECT_GE(frames->size(), 2U);
  std::uint64_t frame_bytes = 0;
  for (const Sequence sequence : *frames) {
    frame_bytes += bytes(snapshot_path(directory, sequence, SnapshotKind::books)).size();
  }
  std::uint64_t log_bytes = 0;
  for (const char* suffix : {".seg", ".open"}) {
    for (const auto& file : files(suffix)) log_bytes += end_of_data(file);
  }
  EXPECT_LT(frame_bytes, log_bytes / 10) << "a keyframe must not cost what it saves";
  expect_books(61);
  EXPECT_TRUE(list_snapshots(*disk, directory)->empty()) << "a start has no use for keyframes";
}

TEST_F(BookHistory, ADamagedSnapshotIsPassedOver) {
  snapshot(1'000);
  snapshot(2'000);
  const auto path = snapshot_path(directory, Sequence{2'000});
  const auto sound = bytes(path);
  const std::uint64_t in_header = 40;
  const std::uint64_t in_orders = sound.size() - 10;
  for (const std::uint64_t at : {in_header, in_orders}) {
    bytes(path) = sound;
    flip_byte(path, at);
    for (const char* symbol : {"EX.A", "EX.B"}) {
      const auto book = book_at(*log, symbol, Sequence{2'100});
      ASSERT_TRUE(book) << book.error().text();
      // The orders of EX.A stand before those that were harmed: they are still good.
      const bool is_harmed = at == in_header || std::string_view(symbol) == "EX.B";
      EXPECT_EQ(book->snapshot.value(), is_harmed ? 1'000U : 2'000U) << symbol << " at " << at;
      if (book->symbol == SymbolId{1}) {
        EXPECT_EQ(book->book.book_hash(), hashes.at(Sequence{2'100}));
      }
    }
  }
}

TEST_F(BookHistory, WhatTheLogHasNotIsToldWithTheRange) {
  for (const std::uint64_t at : {std::uint64_t{0}, head() + 1, ~std::uint64_t{0}}) {
    const auto book = book_at(*log, "EX.A", Sequence{at});
    ASSERT_FALSE(book);
    EXPECT_EQ(book.error().code, ExitCode::usage);
    EXPECT_NE(book.error().next.find("sequences 1 to " + std::to_string(head())),
              std::string::npos);
  }
  std::vector<std::string> known;
  const auto unknown = book_at(*log, "EX.C", Sequence{100}, &known);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ExitCode::usage);
  EXPECT_EQ(known, (std::vector<std::string>{"EX.A", "EX.B"}));
  EXPECT_FALSE(book_at(*log, "EX.A", Sequence{1})) << "it was not defined yet";
}

TEST_F(BookHistory, ATimeIsTheLastSequenceThatIsNotYounger) {
  auto cursor = log->cursor(Sequence{2'000});
  ASSERT_TRUE(cursor);
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  const TimeNs time = cursor->transaction().time();
  EXPECT_EQ(sequence_at(*log, time).value(), Sequence{2'000});
  EXPECT_EQ(sequence_at(*log, TimeNs{time.value() - 1}).value(), Sequence{1'999});
  EXPECT_EQ(sequence_at(*log, TimeNs{time.value() + (std::int64_t{1} << 60)}).value().value(),
            head());
  const auto before = sequence_at(*log, TimeNs{5});
  ASSERT_FALSE(before);
  EXPECT_EQ(before.error().code, ExitCode::usage);
}

}  // namespace
}  // namespace bourse
