// Snapshots: what is restored from one is what the whole log gives; one that cannot be relied upon
// is passed over for an older one, and finally for the whole log.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <random>

#include "replay/log/crc32c.h"                // crc32c
#include "replay/log/snapshot_catalog.h"      // list_snapshots, newest_snapshot
#include "replay/log/snapshot_file.h"         // write_snapshot
#include "replay/snapshot/restore.h"          // restore
#include "replay/snapshot/snapshotter.h"      // Snapshotter
#include "tests/replay/market_log_fixture.h"  // MarketLogFixture

namespace bourse {
namespace {

class Snapshots : public MarketLogFixture {
 protected:
  void SetUp() override { begin(std::uint64_t{256} << 10, 7); }
  std::vector<Sequence> names() { return *list_snapshots(*disk, directory); }
  std::filesystem::path file(Sequence sequence) { return snapshot_path(directory, sequence); }
  Restored must_restore(const RestoreOptions& options = {}) {
    auto state = restore(*log, options);
    EXPECT_TRUE(state) << state.error().text();
    return std::move(*state);
  }
  // Whatever it was restored from, it is the state of the engine that wrote the log.
  void expect_state(const Restored& state) {
    EXPECT_EQ(state.engine->state_hash(), market->engine.state_hash());
    EXPECT_EQ(state.rebuilt.last.value(), head());
    EXPECT_TRUE(state.engine->consistent());
    for (std::uint32_t id = 1; id <= 2; ++id) {
      const BestPrices a = market->engine.best(SymbolId{id});
      const BestPrices b = state.market.book(SymbolId{id})->best();
      EXPECT_EQ(std::memcmp(&a, &b, sizeof a), 0);
      EXPECT_EQ(state.market.book(SymbolId{id})->last_rpt(),
                market->engine.last_rpt_sequence(SymbolId{id}));
    }
  }
  // Makes the header's checksum right again, as a faulty writer would have.
  void change_header(Sequence sequence, const std::function<void(SnapshotHeader&)>& change) {
    SnapshotHeader header{};
    std::memcpy(&header, bytes(file(sequence)).data(), sizeof header);
    change(header);
    header.crc32c =
        crc32c(0, std::as_bytes(std::span(&header, 1)).first(offsetof(SnapshotHeader, crc32c)));
    std::memcpy(bytes(file(sequence)).data(), &header, sizeof header);
  }
};

TEST_F(Snapshots, AStateIsRestoredFromTheNewestOneAndTheRestOfTheLog) {
  trade(3'000);
  snapshot();
  trade(2'000);
  const Sequence newest = snapshot();
  trade(1'000);
  const Restored state = must_restore();
  EXPECT_EQ(state.snapshot, newest);
  EXPECT_EQ(state.rebuilt.transactions, 1'000U);
  EXPECT_TRUE(state.warnings.empty());
  expect_state(state);
}

TEST_F(Snapshots, AnyOfThemOrNoneGivesTheSameState) {
  for (int i = 0; i < 4; ++i) {
    trade(1'000);
    snapshot();
  }
  trade(500);
  for (const Sequence sequence : names()) {
    const Restored state = must_restore({.limits = {}, .snapshot = sequence, .stop = {}});
    EXPECT_EQ(state.snapshot, sequence);
    expect_state(state);
  }
  const Restored all = must_restore({.limits = {}, .snapshot = Sequence{0}, .stop = {}});
  EXPECT_EQ(all.snapshot, Sequence{0});
  EXPECT_EQ(all.rebuilt.transactions, head());
  expect_state(all);
}

TEST_F(Snapshots, ARestartGoesOnFromASnapshotAtTheVeryEndOfTheLog) {
  trade(1'000);
  const Sequence newest = snapshot();
  drop();
  must_open();
  const Restored state = must_restore();
  EXPECT_EQ(state.snapshot, newest);
  EXPECT_EQ(state.rebuilt.transactions, 0U);
  EXPECT_EQ(state.rebuilt.last, newest);
  EXPECT_EQ(state.engine->state_hash(), market->engine.state_hash());
}

TEST_F(Snapshots, AVoidTradeAndAHaltAreRemembered) {
  trade(1'000);
  Command bust{};
  bust.type = CommandType::bust_trade;
  bust.symbol = SymbolId{1};
  bust.bust.match_id = MatchId{1};
  bust.bust.price = PriceTicks{10'000};
  bust.bust.quantity = QuantityLots{1};
  market->execute(bust);
  Command halt{};
  halt.type = CommandType::set_phase;
  halt.symbol = SymbolId{2};
  halt.phase.phase = Phase::halted;
  market->execute(halt);
  drain();
  const Sequence newest = snapshot();
  const Restored state = must_restore();
  EXPECT_EQ(state.snapshot, newest);
  expect_state(state);
  constexpr std::uint16_t trading = 7;
  constexpr std::uint16_t halted = 8;
  EXPECT_EQ(state.market.status(SymbolId{1}), trading);
  EXPECT_EQ(state.market.status(SymbolId{2}), halted);
  EventBuffer events;
  bust.sequence = next(newest);
  bust.time = TimeNs{2'000'000'000'000'000'000};
  state.engine->apply(bust, events);
  ASSERT_EQ(events.exec_events().size(), 1U);
  EXPECT_EQ(events.exec_events()[0].reject_reason, RejectReason::already_busted);
}

// Row 15 of the failure matrix.
TEST_F(Snapshots, ADamagedForeignOrNewerSnapshotIsPassedOverAndTheStateIsTheSame) {
  trade(1'000);
  const Sequence good = snapshot();
  struct Harm {
    const char* reason;
    std::function<void(Sequence)> harm;
  };
  const std::vector<Harm> harms{
      {"bytes are not those", [&](Sequence s) { flip_byte(file(s), bytes(file(s)).size() / 2); }},
      {"header is not sound", [&](Sequence s) { flip_byte(file(s), 60); }},
      {"does not begin like", [&](Sequence s) { zero_range(file(s), 0, 8); }},
      {"does not begin like", [&](Sequence s) { cut_tail(file(s), 100); }},
      {"bytes instead of", [&](Sequence s) { cut_tail(file(s), bytes(file(s)).size() - 8); }},
      {"of another log",
       [&](Sequence s) { change_header(s, [](auto& h) { h.journal.bytes[3] ^= 1; }); }},
      {"of another history",
       [&](Sequence s) { change_header(s, [](auto& h) { ++h.state_hash; }); }},
      {"of another history",
       [&](Sequence s) { change_header(s, [](auto& h) { h.epoch = Epoch{9}; }); }},
      {"by its header it is the state after",
       [&](Sequence s) { change_header(s, [](auto& h) { h.sequence = Sequence{5}; }); }},
      {"written in format 2", [&](Sequence s) { change_header(s, [](auto& h) { h.major = 2; }); }},
      {"version 77 of the engine",
       [&](Sequence s) { change_header(s, [](auto& h) { h.engine = 77; }); }},
      {"features that this program does not know",
       [&](Sequence s) { change_header(s, [](auto& h) { h.features_incompatible = 4; }); }},
  };
  for (const Harm& harm : harms) {
    trade(200);
    const Sequence harmed = snapshot();
    harm.harm(harmed);
    const Restored state = must_restore();
    EXPECT_EQ(state.snapshot, good) << harm.reason;
    ASSERT_EQ(state.warnings.size(), 1U) << harm.reason;
    EXPECT_NE(state.warnings[0].find(harm.reason), std::string::npos) << state.warnings[0];
    expect_state(state);
    const auto newest = newest_snapshot(*disk, directory, log->journal_id(), Sequence{head()});
    ASSERT_TRUE(newest && *newest);
    if (std::string_view(harm.reason) != "of another history") {
      EXPECT_EQ((*newest)->sequence, good) << harm.reason;
    }
    ASSERT_TRUE(disk->remove(file(harmed)));
  }
  // With the last sound one gone too, there is still the log.
  flip_byte(file(good), bytes(file(good)).size() - 1);
  const Restored all = must_restore();
  EXPECT_EQ(all.snapshot, Sequence{0});
  EXPECT_EQ(all.rebuilt.transactions, head());
  expect_state(all);
}

TEST_F(Snapshots, OneThatIsNewerThanTheLogIsPassedOver) {
  trade(1'000);
  const Sequence good = snapshot();
  const auto kept = bytes(file(good));
  const Sequence ahead{head() + 1'000};
  ASSERT_TRUE(disk->open(file(ahead), OpenMode::create));
  bytes(file(ahead)) = kept;
  change_header(ahead, [&](auto& h) { h.sequence = ahead; });
  const Restored state = must_restore();
  EXPECT_EQ(state.snapshot, good);
  ASSERT_EQ(state.warnings.size(), 1U);
  EXPECT_NE(state.warnings[0].find("newer than the log"), std::string::npos) << state.warnings[0];
  expect_state(state);
  const auto newest = newest_snapshot(*disk, directory, log->journal_id(), Sequence{head()});
  ASSERT_TRUE(newest && *newest);
  EXPECT_EQ((*newest)->sequence, good);
}

TEST_F(Snapshots, LimitsThatAreTooSmallForTheStateAreNamed) {
  trade(500);
  snapshot();
  const auto state = restore(*log, {.limits = EngineLimits{2, 16, 16}, .snapshot = {}, .stop = {}});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ExitCode::bad_config);
  EXPECT_NE(state.error().next.find("4, 16 and 4096"), std::string::npos) << state.error().text();
}

TEST_F(Snapshots, OneBookIsReadWithoutTheOthers) {
  trade(2'000);
  const Sequence at = snapshot();
  const auto reader = SnapshotReader::open(*disk, directory, at);
  ASSERT_TRUE(reader);
  const auto market_then = market_of(**reader);
  ASSERT_TRUE(market_then);
  for (std::uint32_t id = 1; id <= 2; ++id) {
    const auto book = book_of(**reader, SymbolId{id});
    ASSERT_TRUE(book && *book);
    EXPECT_EQ((*book)->book_hash(), market_then->book(SymbolId{id})->book_hash());
    EXPECT_GT((*book)->order_count(), 0U);
  }
  const auto none = book_of(**reader, SymbolId{3});
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST_F(Snapshots, TheSnapshotterGoesOnFromItsLastOneAndKeepsTheNewest) {
  Snapshotter snapshotter(*log, {.every_transactions = 1'000, .at_seal = false, .keep = 2},
                          EngineLog::limits, Sequence{0});
  EXPECT_FALSE(snapshotter.due());
  for (int i = 0; i < 5; ++i) {
    trade(1'000);
    const auto due = snapshotter.due();
    ASSERT_TRUE(due);
    const auto taken = snapshotter.take(*due, TimeNs{1});
    ASSERT_TRUE(taken) << taken.error().text();
    EXPECT_EQ(snapshotter.newest(), *due);
    EXPECT_FALSE(snapshotter.due());
  }
  EXPECT_EQ(names().size(), 2U);
  // Each transaction has been executed again once, and not once per snapshot.
  EXPECT_EQ(snapshotter.executed_count(), head());
  EXPECT_EQ(snapshotter.taken_count(), 5U);
  expect_state(must_restore());
}

TEST_F(Snapshots, ASealedSegmentMakesASnapshotOfItsEndDue) {
  Snapshotter snapshotter(*log, {.every_transactions = 0, .at_seal = true, .keep = 2},
                          EngineLog::limits, Sequence{0});
  std::size_t taken = 0;
  for (int i = 0; i < 40; ++i) {
    trade(100);
    const auto due = snapshotter.due();
    if (!due) continue;
    EXPECT_EQ(*due, log->sealed_sequence());
    ASSERT_TRUE(snapshotter.take(*due, TimeNs{1}));
    ++taken;
  }
  EXPECT_EQ(taken, files(".seg").size());
  EXPECT_GT(taken, 2U);
}

TEST_F(Snapshots, AStopEndsTheWorkWithoutASnapshot) {
  trade(2'000);
  Snapshotter snapshotter(*log, {}, EngineLog::limits, Sequence{0});
  const auto taken = snapshotter.take(Sequence{head()}, TimeNs{1}, [] { return true; });
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ExitCode::interrupted);
  EXPECT_EQ(snapshotter.failed_count(), 0U);
  EXPECT_TRUE(names().empty());
}

// Row 16: an engine that does something else than the one that wrote the log.
TEST_F(Snapshots, ADivergenceIsToldAndNoSnapshotIsTakenAfterIt) {
  trade(200);
  std::vector<std::byte> record;
  {  // the log says of its next transaction what no engine would
    Command command{};
    command.type = CommandType::clock;
    command.sequence = Sequence{head() + 1};
    command.time = TimeNs{1'800'000'000'000'000'000};
    const EventBuffer nothing;
    record.resize(encoded_bytes(command, nothing));
    encode(command, nothing, Epoch{epoch}, 0x1234, record);
  }
  ASSERT_TRUE(writer->append(record));
  drain();
  Snapshotter snapshotter(*log, {.every_transactions = 1, .at_seal = false, .keep = 2},
                          EngineLog::limits, Sequence{0});
  ASSERT_TRUE(snapshotter.due());
  const auto taken = snapshotter.take(*snapshotter.due(), TimeNs{1});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ExitCode::answer_is_no);
  EXPECT_NE(taken.error().text().find("state hash 0000000000001234"), std::string::npos)
      << taken.error().text();
  EXPECT_TRUE(snapshotter.has_diverged());
  EXPECT_FALSE(snapshotter.due());
  EXPECT_TRUE(names().empty());
}

// Row 12: between any two steps of a snapshot.
TEST_F(Snapshots, APowerCutAtAnyStepOfASnapshotLeavesAStateThatIsRestored) {
  trade(500);
  const Sequence first = snapshot();
  trade(500);
  const std::uint64_t hash = market->engine.state_hash();
  const std::uint64_t last = head();
  const auto state = restore(*log);
  ASSERT_TRUE(state);
  const std::uint64_t seed = test_seed();
  std::size_t cuts = 0;
  std::size_t found_new = 0;
  for (std::uint64_t step = 0; step < 64; ++step) {
    const auto before = disk->copy();
    std::uint64_t calls = 0;
    before->set_fault([&](DiskCall, const std::filesystem::path&, std::size_t&) {
      return calls++ >= step ? EIO : 0;
    });
    EngineImage image;
    state->engine->save(image);
    const auto written = write_snapshot(*before, directory,
                                        {.journal = log->journal_id(),
                                         .sequence = state->rebuilt.last,
                                         .time = state->rebuilt.last_time,
                                         .epoch = state->rebuilt.last_epoch,
                                         .state_hash = state->engine->state_hash(),
                                         .created_at = TimeNs{1}},
                                        image, state->market);
    before->set_fault({});
    std::mt19937_64 random(seed + step);
    before->crash(random, true);
    auto options_after = options();
    options_after.disk = before.get();
    options_after.read_only = true;
    const auto reopened = Log::open(options_after);
    ASSERT_TRUE(reopened) << reopened.error().text();
    const auto restored = restore(**reopened);
    ASSERT_TRUE(restored) << "seed " << seed << ", step " << step << restored.error().text();
    EXPECT_EQ(restored->engine->state_hash(), hash);
    EXPECT_EQ(restored->rebuilt.last.value(), last);
    EXPECT_GE(restored->snapshot, first);
    found_new += restored->snapshot > first;
    if (written) {
      EXPECT_EQ(restored->snapshot.value(), last) << "a snapshot that was taken is there";
      break;
    }
    ++cuts;
  }
  EXPECT_GT(cuts, 5U);
  EXPECT_GE(found_new, 1U);
}

}  // namespace
}  // namespace bourse
