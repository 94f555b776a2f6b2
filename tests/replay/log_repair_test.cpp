// A damaged log and a copy of it: exactly what is damaged is taken from the copy, what was there is
// kept, and a copy that does not help changes nothing.
#include "replay/upkeep/log_repair.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "replay/log/manifest.h"        // append_manifest
#include "replay/log/segment_keeper.h"  // SegmentKeeper
#include "tests/replay/log_fixture.h"   // LogFixture

namespace bourse {
namespace {

const std::filesystem::path copy_directory = "copy";

class LogRepairTest : public LogFixture {
 protected:
  // Three sealed segments and an open one, closed, and a copy of all.
  void make_log_and_copy(bool compressed = false) {
    must_open();
    while (files(".seg").size() < 3) write(1, 5);
    write(8, 5);
    last = head();
    if (compressed) {
      const auto keeper = log->keeper({.compress = true});
      while (keeper->step(TimeNs{std::numeric_limits<std::int64_t>::max()}) ==
             SegmentKeeper::Step::worked) {
      }
    }
    drop();
    sealed = files(compressed ? ".seg.zst" : ".seg");
    const auto names = disk->list(directory);
    for (const std::string& name : *names) {
      const auto file = disk->open(copy_directory / name, OpenMode::create);
      ASSERT_TRUE(file);
      ASSERT_TRUE((*file)->write(bytes(directory / name), 0));
    }
    disk->settle();
    for (const auto& file : sealed) before.push_back(bytes(file));
  }
  LogRepair repair() {
    auto repaired = repair_log(*disk, directory, copy_directory);
    EXPECT_TRUE(repaired) << repaired.error().text();
    return repaired ? std::move(*repaired) : LogRepair{};
  }
  void expect_whole() {
    must_open();
    EXPECT_EQ(log->last_sequence().value(), last);
    EXPECT_EQ(read_all(*log), last);
    drop();
  }

  void garble_watermark() {
    for (std::uint64_t slot = 0; slot < watermark_slots; ++slot) {
      flip_byte(directory / watermark_name, slot * watermark_slot_bytes + 60);
    }
  }
  // As retention deletes: the record first, then the segment.
  void remove_oldest(const std::filesystem::path& in, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto path = in / sealed[i].filename();
      const auto& all = bytes(path);
      SegmentHeader header{};
      SegmentFooter footer{};
      std::memcpy(&header, all.data(), sizeof header);
      std::memcpy(&footer, all.data() + all.size() - sizeof footer, sizeof footer);
      ASSERT_TRUE(append_manifest(*disk, in,
                                  {.magic = {},
                                   .number = 0,
                                   .type = ManifestType::segment_deleted,
                                   .reserved_ = 0,
                                   .journal = header.journal,
                                   .at = TimeNs{1},
                                   .segment_number = header.number,
                                   .base_sequence = header.base_sequence,
                                   .last_sequence = footer.last_sequence,
                                   .last_time = footer.last_time,
                                   .file_bytes = footer.file_bytes,
                                   .hash = footer.hash,
                                   .reserved_too_ = 0,
                                   .crc32c = 0}));
      ASSERT_TRUE(disk->remove(path));
    }
  }
  void expect_behind_a_deletion() {
    must_open();
    EXPECT_GT(log->earliest_sequence(), Sequence{1});
    EXPECT_EQ(read_all(*log), last);
    drop();
  }

  std::uint64_t last = 0;
  std::vector<std::filesystem::path> sealed;
  std::vector<std::vector<std::byte>> before;
};

TEST_F(LogRepairTest, ASoundLogIsLeftAlone) {
  make_log_and_copy();
  const LogRepair repaired = repair();
  EXPECT_TRUE(repaired.mended.empty());
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
}

TEST_F(LogRepairTest, OnlyTheDamagedRangeIsTakenAndTheDamagedFileIsKept) {
  make_log_and_copy();
  flip_byte(sealed[1], 20'000);
  zero_range(sealed[1], 30'000, 31'000);
  const std::vector<std::byte> damaged = bytes(sealed[1]);
  // The copy is damaged too, elsewhere: together they are whole.
  flip_byte(copy_directory / sealed[1].filename(), 9'000);
  const LogRepair repaired = repair();
  ASSERT_EQ(repaired.mended.size(), 1U);
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  std::uint64_t taken = 0;
  for (const auto& [from, to] : repaired.mended[0].ranges) taken += to - from;
  EXPECT_GE(repaired.mended[0].ranges.size(), 2U);
  EXPECT_LT(taken, 8'000U);
  EXPECT_EQ(bytes(sealed[1]), before[1]);
  EXPECT_EQ(bytes(directory / repaired.mended[0].kept_as), damaged);
  expect_whole();
}

TEST_F(LogRepairTest, EveryHarmToASealedSegmentIsMended) {
  make_log_and_copy();
  const std::size_t size = before[0].size();
  const std::vector<std::function<void()>> harms{
      [&] { flip_byte(sealed[0], 10); },                                // the header
      [&] { flip_byte(sealed[0], size - 20); },                         // the footer
      [&] { flip_byte(sealed[0], size - sizeof(SegmentFooter) - 8); },  // the index
      [&] { cut_tail(sealed[0], size / 2); },
      [&] { cut_tail(sealed[0], 0); },
      [&] { swap_blocks(sealed[0], 8192, 24576, 4096); },
      [&] { ASSERT_TRUE(disk->remove(sealed[0])); },
      [&] { ASSERT_TRUE(disk->remove(sealed[2])); },
      [&] { std::swap(bytes(sealed[0]), bytes(sealed[1])); },
      [&] {
        ASSERT_TRUE(disk->rename(sealed[1], directory / "00000000000000099999-00000001.seg"));
      },
  };
  for (std::size_t i = 0; i < harms.size(); ++i) {
    harms[i]();
    const LogRepair repaired = repair();
    EXPECT_FALSE(repaired.mended.empty()) << "harm " << i;
    EXPECT_EQ(repaired.after.verdict(), ExitCode::ok) << "harm " << i;
    for (std::size_t s = 0; s < sealed.size(); ++s) {
      EXPECT_EQ(bytes(sealed[s]), before[s]) << "harm " << i << ", segment " << s;
    }
    expect_whole();
  }
}

TEST_F(LogRepairTest, TheOpenSegmentIsMendedWhereTheCopyHasIt) {
  make_log_and_copy();
  flip_byte(open_segment(), end_of_log() - 300);
  EXPECT_EQ(refusal().code, ExitCode::data_damaged);
  const LogRepair repaired = repair();
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_whole();
}

TEST_F(LogRepairTest, ACompressedSegmentIsMendedAsARawOne) {
  make_log_and_copy(true);
  flip_byte(sealed[1], bytes(sealed[1]).size() / 2);
  const LogRepair repaired = repair();
  ASSERT_EQ(repaired.mended.size(), 1U);
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  EXPECT_EQ(files(".seg").size(), 1U);
  EXPECT_EQ(files(".seg.zst").size(), 2U);
  expect_whole();
}

TEST_F(LogRepairTest, WhatIsDamagedInBothStaysAsItIs) {
  make_log_and_copy();
  flip_byte(sealed[1], 20'000);
  flip_byte(copy_directory / sealed[1].filename(), 20'000);
  const auto names = disk->list(directory);
  const std::vector<std::byte> damaged = bytes(sealed[1]);
  const auto repaired = repair_log(*disk, directory, copy_directory);
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code, ExitCode::data_damaged);
  EXPECT_EQ(bytes(sealed[1]), damaged);
  EXPECT_EQ(*disk->list(directory), *names);
}

TEST_F(LogRepairTest, AWatermarkThatIsNotSoundIsWrittenAnewFromTheRecords) {
  make_log_and_copy();
  garble_watermark();
  EXPECT_EQ(refusal().code, ExitCode::data_damaged);
  const LogRepair repaired = repair();
  ASSERT_EQ(repaired.mended.size(), 1U);
  EXPECT_EQ(repaired.mended[0].file, watermark_name);
  EXPECT_FALSE(repaired.mended[0].kept_as.empty());
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_whole();
  // And it tells damage from a torn tail again.
  flip_byte(open_segment(), end_of_log() - 100);
  EXPECT_EQ(refusal().code, ExitCode::data_damaged);
}

TEST_F(LogRepairTest, WithoutAWatermarkWhatTheCopyHasBehindOurEndIsTakenFirst) {
  make_log_and_copy();
  const auto segment = open_segment();
  zero_range(segment, end_of_log() - 2'000, bytes(segment).size());
  garble_watermark();
  const LogRepair repaired = repair();
  ASSERT_EQ(repaired.mended.size(), 2U);
  EXPECT_EQ(repaired.mended[0].file, segment.filename());
  EXPECT_EQ(repaired.mended[1].file, watermark_name);
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_whole();
}

TEST_F(LogRepairTest, ADamagedManifestIsWrittenAnewFromTheCopysRecords) {
  make_log_and_copy();
  remove_oldest(directory, 2);
  remove_oldest(copy_directory, 2);
  flip_byte(directory / manifest_name, 50);
  EXPECT_EQ(refusal().code, ExitCode::data_damaged);
  const LogRepair repaired = repair();
  ASSERT_EQ(repaired.mended.size(), 1U);
  EXPECT_EQ(repaired.mended[0].file, manifest_name);
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_behind_a_deletion();
}

TEST_F(LogRepairTest, ADamagedManifestIsWrittenAnewFromSegmentsThatTheCopyStillHas) {
  make_log_and_copy();
  remove_oldest(directory, 2);
  flip_byte(directory / manifest_name, 50);  // of the first record; the second one tells still
  const LogRepair repaired = repair();
  ASSERT_EQ(repaired.mended.size(), 1U);
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_behind_a_deletion();
}

TEST_F(LogRepairTest, WhatNobodySaysWasDeletedIsTakenFromTheCopy) {
  make_log_and_copy();
  remove_oldest(directory, 2);
  ASSERT_TRUE(disk->remove(directory / manifest_name));
  const LogRepair repaired = repair();
  EXPECT_EQ(repaired.mended.size(), 2U);
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_whole();
}

TEST_F(LogRepairTest, AMissingManifestIsTakenFromACopyThatHasOne) {
  make_log_and_copy();
  remove_oldest(directory, 1);
  remove_oldest(copy_directory, 2);
  ASSERT_TRUE(disk->remove(directory / manifest_name));
  const LogRepair repaired = repair();
  EXPECT_EQ(repaired.after.verdict(), ExitCode::ok);
  expect_behind_a_deletion();
}

TEST_F(LogRepairTest, ACopyOfAnotherLogIsRefused) {
  make_log_and_copy();
  flip_byte(sealed[1], 20'000);
  auto stranger = std::make_unique<SimulatedDisk>();
  LogOptions there = options();
  there.disk = stranger.get();
  {
    ASSERT_TRUE(Log::open(there));
  }
  const auto from = stranger->list(directory);
  for (const std::string& name : *from) {
    const auto file = disk->open(std::filesystem::path("other") / name, OpenMode::create);
    ASSERT_TRUE((*file)->write(stranger->bytes_of(directory / name), 0));
  }
  const auto repaired = repair_log(*disk, directory, "other");
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code, ExitCode::bad_config);
  EXPECT_NE(repaired.error().text().find("another log"), std::string::npos);
}

TEST_F(LogRepairTest, ALogThatIsBeingWrittenIsNotRepaired) {
  make_log_and_copy();
  must_open();
  const auto repaired = repair_log(*disk, directory, copy_directory);
  ASSERT_FALSE(repaired);
  EXPECT_EQ(repaired.error().code, ExitCode::busy);
}

}  // namespace
}  // namespace bourse
