// The life of a segment after it was sealed: compressed without losing a byte, read as before, and
// deleted only when nobody needs it, so that a missing segment is never taken for a deleted one.
#include <gtest/gtest.h>
#include <zstd.h>

#include <limits>

#include "replay/log/compressed_file.h"      // CompressedFile
#include "replay/log/manifest.h"             // read_manifest
#include "replay/log/registered_readers.h"   // readers_folder
#include "replay/log/segment_compression.h"  // compress_segment
#include "replay/log/segment_file.h"         // open_segment_file
#include "replay/log/segment_keeper.h"       // SegmentKeeper
#include "replay/upkeep/log_check.h"         // check_log
#include "tests/replay/log_fixture.h"        // LogFixture

namespace bourse {
namespace {

constexpr TimeNs end_of_time{std::numeric_limits<std::int64_t>::max()};

class SegmentLife : public LogFixture {
 protected:
  SegmentLife() { segment_bytes = std::uint64_t{300} << 10; }

  void make_log(std::size_t sealed) {
    must_open();
    while (files(".seg").size() < sealed) write(1, 40);
    write(2, 40);
  }
  SegmentName name_of(const std::filesystem::path& file) {
    return *parse_segment_name(file.filename().string());
  }
  KeepPolicy cold() const { return {.compress = true}; }
  KeepPolicy small(std::uint64_t snapshot) const {
    return {.retain_bytes = 1,
            .snapshot = [snapshot]() -> Result<Sequence> { return Sequence{snapshot}; }};
  }
  void run(const KeepPolicy& policy, TimeNs now = end_of_time) {
    const auto keeper = log->keeper(policy);
    for (;;) {
      const auto step = keeper->step(now);
      ASSERT_NE(step, SegmentKeeper::Step::failed) << keeper->failure().text();
      if (step == SegmentKeeper::Step::idle) break;
    }
    counters = keeper->counters();
  }
  std::vector<std::byte> decompressed(const std::filesystem::path& file) {
    const auto& in = bytes(file);
    std::vector<std::byte> out(std::size_t{4} << 20);
    const std::size_t size = ZSTD_decompress(out.data(), out.size(), in.data(), in.size());
    EXPECT_FALSE(ZSTD_isError(size)) << ZSTD_getErrorName(size);
    out.resize(size);
    return out;
  }
  void register_reader(const std::string& text) {
    const auto file = disk->open(directory / readers_folder / "archiver", OpenMode::open_or_create);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->truncate(0));
    ASSERT_TRUE((*file)->write(std::as_bytes(std::span(text)), 0));
  }

  KeeperCounters counters;
};

TEST_F(SegmentLife, ACompressedSegmentComesBackByteForByteByPlainZstd) {
  make_log(3);
  std::vector<std::vector<std::byte>> raw;
  for (const auto& file : files(".seg")) raw.push_back(bytes(file));
  run(cold());
  const auto compressed = files(".seg.zst");
  ASSERT_EQ(compressed.size(), 3U);
  EXPECT_TRUE(files(".seg").empty());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(decompressed(compressed[i]), raw[i]);
    EXPECT_LT(bytes(compressed[i]).size(), raw[i].size());
  }
  EXPECT_EQ(counters.compressed, 3U);
}

TEST_F(SegmentLife, AReadAnywhereInACompressedSegmentGivesTheRawBytes) {
  make_log(1);
  const auto file = files(".seg")[0];
  const std::vector<std::byte> raw = bytes(file);
  run(cold());
  SegmentName name = name_of(files(".seg.zst")[0]);
  const auto opened = open_segment_file(*disk, directory, name);
  ASSERT_TRUE(opened);
  ASSERT_EQ(*(*opened)->size(), raw.size());
  std::mt19937_64 random(test_seed());
  std::vector<std::byte> got;
  for (int i = 0; i < 500; ++i) {
    const std::size_t at = random() % (raw.size() + 100);
    got.resize(random() % 200'000);
    const auto read = (*opened)->read(got, at);
    ASSERT_TRUE(read);
    const std::size_t expected =
        at >= raw.size() ? 0 : std::min<std::size_t>(got.size(), raw.size() - at);
    ASSERT_EQ(*read, expected);
    ASSERT_TRUE(std::equal(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(expected),
                           raw.begin() + static_cast<std::ptrdiff_t>(std::min(at, raw.size()))));
  }
}

TEST_F(SegmentLife, ASeekReadsOnlyTheFramesItNeeds) {
  make_log(1);
  const std::uint64_t middle = head() / 2;
  run(cold());
  const auto file = files(".seg.zst")[0];
  drop();
  must_open();
  auto cursor = log->cursor(Sequence{middle});
  ASSERT_TRUE(cursor);
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);  // opens it, reads table and index
  std::size_t bytes_read = 0;
  disk->set_fault([&](DiskCall call, const std::filesystem::path& of, std::size_t& bytes_asked) {
    if (call == DiskCall::read && of == file) bytes_read += bytes_asked;
    return 0;
  });
  ASSERT_TRUE(cursor->seek(Sequence{5}));
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_EQ(cursor->transaction().sequence(), Sequence{5});
  EXPECT_LT(bytes_read, bytes(file).size() / 2);
}

TEST_F(SegmentLife, CursorsReadCompressedRawAndOpenSegmentsAndTheTailAsOneLog) {
  make_log(4);
  auto cursor = log->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);  // is in a segment that goes away
  run(cold());
  write(5, 40);
  for (std::uint64_t i = 2; i <= head(); ++i) {
    ASSERT_EQ(cursor->next(), Cursor::Next::transaction) << cursor->error().text();
    ASSERT_EQ(cursor->transaction().sequence().value(), i);
    ASSERT_TRUE(samples.matches(cursor->transaction()));
  }
  ASSERT_TRUE(cursor->seek(SampleTransactions::time_of(100)));
  ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
  EXPECT_EQ(cursor->transaction().time(), SampleTransactions::time_of(100));
  const std::uint64_t last = head();
  drop();
  must_open();
  EXPECT_EQ(log->last_sequence().value(), last);
  EXPECT_EQ(read_all(*log), last);
}

// A few bits of a zstd frame mean nothing: padding. Then the raw bytes are what they were.
TEST_F(SegmentLife, AFlippedByteOfACompressedSegmentIsFoundOrHarmsNothing) {
  make_log(2);
  const std::uint64_t last = head();
  run(cold());
  drop();
  const auto file = files(".seg.zst")[0];
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  LogOptions tool = options();
  tool.read_only = true;
  int harmless = 0;
  constexpr int flips = 200;
  for (int i = 0; i < flips; ++i) {
    // The table and its surroundings as often as the frames.
    const std::uint64_t size = bytes(file).size();
    const std::uint64_t at = i % 2 == 0 ? random() % size : size - 1 - random() % 60;
    const auto mask = static_cast<unsigned>(1U << random() % 8);
    flip_byte(file, at, mask);
    const auto found = check_log(*disk, directory, CheckDepth::everything);
    ASSERT_TRUE(found);
    const bool is_sound = found->verdict() == ExitCode::ok;
    if (is_sound) ++harmless;
    EXPECT_TRUE(is_sound || found->verdict() == ExitCode::data_damaged) << "seed " << seed;
    std::uint64_t expected = 1;
    if (const auto opened = Log::open(tool)) {
      auto cursor = (*opened)->cursor(Sequence{1});
      ASSERT_TRUE(cursor);
      Cursor::Next next = Cursor::Next::at_head;
      while ((next = cursor->next()) == Cursor::Next::transaction) {
        ASSERT_EQ(cursor->transaction().sequence().value(), expected++);
        ASSERT_TRUE(samples.matches(cursor->transaction())) << "byte " << at << ", seed " << seed;
      }
      if (is_sound) {
        ASSERT_EQ(next, Cursor::Next::at_head) << "byte " << at << ", seed " << seed;
        ASSERT_EQ(expected, last + 1);
      } else {
        ASSERT_EQ(next, Cursor::Next::failed) << "byte " << at << ", seed " << seed;
        EXPECT_EQ(cursor->error().code, ExitCode::data_damaged) << cursor->error().text();
      }
    } else {
      EXPECT_FALSE(is_sound) << opened.error().text();
      EXPECT_EQ(opened.error().code, ExitCode::data_damaged) << opened.error().text();
    }
    flip_byte(file, at, mask);
  }
  EXPECT_LT(harmless, flips / 20);
  must_open();
  EXPECT_EQ(read_all(*log), last);
}

TEST_F(SegmentLife, ADamagedSegmentIsNotCompressed) {
  make_log(2);
  const auto file = files(".seg")[0];
  flip_byte(file, 20'000);
  const auto keeper = log->keeper(cold());
  EXPECT_EQ(keeper->step(end_of_time), SegmentKeeper::Step::failed);
  EXPECT_EQ(keeper->failure().code, ExitCode::data_damaged) << keeper->failure().text();
  EXPECT_EQ(files(".seg").size(), 2U);
  EXPECT_TRUE(files(".tmp").empty());
}

TEST_F(SegmentLife, OnlyWhatIsOldEnoughIsCompressed) {
  make_log(3);
  KeepPolicy policy = cold();
  policy.compress_after_ns = 1'000'000'000;
  run(policy, SampleTransactions::time_of(head()));
  EXPECT_EQ(counters.compressed, 0U);
  run(policy, TimeNs{SampleTransactions::time_of(head()).value() + 1'000'000'000});
  EXPECT_EQ(counters.compressed, 3U);
}

TEST_F(SegmentLife, NothingIsDeletedWithoutASnapshotThatCoversIt) {
  make_log(4);
  run(small(0));
  EXPECT_EQ(counters.deleted, 0U);
  const std::uint64_t second = name_of(files(".seg")[1]).base.value();
  run(small(second - 2));  // one short of the first segment
  EXPECT_EQ(counters.deleted, 0U);
  run(small(second - 1));
  EXPECT_EQ(counters.deleted, 1U);
  EXPECT_EQ(log->earliest_sequence().value(), second);
}

TEST_F(SegmentLife, TheNewestSealedSegmentStays) {
  make_log(4);
  const auto newest = files(".seg").back();
  run(small(head()));
  EXPECT_EQ(counters.deleted, 3U);
  ASSERT_EQ(files(".seg").size(), 1U);
  EXPECT_EQ(files(".seg")[0], newest);
}

TEST_F(SegmentLife, OldSegmentsGoByAge) {
  make_log(3);
  const TimeNs last_of_first =
      SampleTransactions::time_of(name_of(files(".seg")[1]).base.value() - 1);
  KeepPolicy policy{.retain_ns = 5'000'000,
                    .snapshot = [this]() -> Result<Sequence> { return log->released_sequence(); }};
  run(policy, TimeNs{last_of_first.value() + 4'999'999});
  EXPECT_EQ(counters.deleted, 0U);
  run(policy, TimeNs{last_of_first.value() + 5'000'000});
  EXPECT_GE(counters.deleted, 1U);
}

TEST_F(SegmentLife, WhatARegisteredReaderNeedsStays) {
  make_log(4);
  const std::uint64_t third = name_of(files(".seg")[2]).base.value();
  register_reader("7\n");
  run(small(head()));
  EXPECT_EQ(counters.deleted, 0U);
  register_reader("nonsense");
  run(small(head()));
  EXPECT_EQ(counters.deleted, 0U);
  register_reader(std::to_string(third));
  run(small(head()));
  EXPECT_EQ(counters.deleted, 2U);
}

TEST_F(SegmentLife, ALogWithoutItsFirstSegmentsOpensAndSaysWhatItHas) {
  make_log(4);
  run(cold());
  run(small(head()));
  const std::uint64_t first = log->earliest_sequence().value();
  ASSERT_GT(first, 1U);
  drop();
  must_open();
  EXPECT_EQ(log->earliest_sequence().value(), first);
  EXPECT_EQ(read_all(*log), log->last_sequence().value());
  const auto below = log->cursor(Sequence{first - 1});
  ASSERT_FALSE(below);
  EXPECT_NE(below.error().text().find("sequences " + std::to_string(first)), std::string::npos)
      << below.error().text();
  write(20, 40);
  const auto found = check_log(*disk, directory, CheckDepth::everything);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->verdict(), ExitCode::ok);
  EXPECT_EQ(found->deleted_to.value(), first - 1);
}

TEST_F(SegmentLife, AReaderBelowTheDeletedPartIsToldWhatThereIs) {
  make_log(4);
  auto inside = log->cursor(Sequence{1});
  LogOptions tool = options();
  tool.read_only = true;
  const auto other_process = Log::open(tool);
  ASSERT_TRUE(other_process);
  auto outside = (*other_process)->cursor(Sequence{1});
  run(small(head()));
  const std::string first = std::to_string(log->earliest_sequence().value());
  for (Cursor* const cursor : {&*inside, &*outside}) {
    ASSERT_EQ(cursor->next(), Cursor::Next::failed);
    EXPECT_NE(cursor->error().text().find("sequences " + first), std::string::npos)
        << cursor->error().text();
  }
}

TEST_F(SegmentLife, AMissingSegmentIsDamageAlsoBehindADeletion) {
  make_log(5);
  const auto sealed = files(".seg");
  run(small(name_of(sealed[2]).base.value() - 1));  // the first two
  ASSERT_EQ(counters.deleted, 2U);
  drop();
  const auto without_third = disk->copy();
  ASSERT_TRUE(without_third->remove(sealed[2]));
  LogOptions there = options();
  there.disk = without_third.get();
  auto opened = Log::open(there);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::data_damaged);
  EXPECT_NE(opened.error().text().find("MANIFEST tells of deletions only up to"), std::string::npos)
      << opened.error().text();
  // And without MANIFEST nobody knows that anything was deleted.
  ASSERT_TRUE(disk->remove(directory / manifest_name));
  opened = Log::open(options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::data_damaged);
}

TEST_F(SegmentLife, ATornRecordOfTheManifestIsOneThatWasNeverWritten) {
  make_log(4);
  const std::uint64_t second = name_of(files(".seg")[1]).base.value();
  run(small(second - 1));
  drop();
  auto& manifest = bytes(directory / manifest_name);
  ASSERT_EQ(manifest.size(), sizeof(ManifestRecord));
  manifest.resize(sizeof(ManifestRecord) + 50, std::byte{0x33});
  must_open();
  EXPECT_EQ(log->earliest_sequence().value(), second);
  run(small(head()));  // goes on behind the torn one
  drop();
  must_open();
  EXPECT_EQ(bytes(directory / manifest_name).size(), 3 * sizeof(ManifestRecord));
  // One in the middle is damage.
  drop();
  flip_byte(directory / manifest_name, sizeof(ManifestRecord) + 20);
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::data_damaged) << opened.error().text();
}

}  // namespace
}  // namespace bourse
