// A journal harmed in every way a disk or a hand can harm it: each harm is named with its file and
// what is lost, the check goes on behind it, and a journal that is whole is called sound.
#include "replay/upkeep/log_check.h"

#include <gtest/gtest.h>

#include "tests/replay/log_fixture.h"  // LogFixture

namespace bourse {
namespace {

class LogCheckTest : public LogFixture {
 protected:
  // Three sealed segments and an open one, closed.
  void make_log() {
    must_open();
    while (files(".seg").size() < 3) write(1, 5);
    write(8, 5);
    last = log->last_sequence().value() > head() ? 0 : head();
    drop();
    sealed = files(".seg");
  }
  LogCheck check(CheckDepth depth = CheckDepth::everything) {
    auto checked = check_log(*disk, directory, depth);
    EXPECT_TRUE(checked) << checked.error().text();
    return checked ? std::move(*checked) : LogCheck{};
  }
  // The faults that are found, notes left out.
  static std::vector<Finding> faults(const LogCheck& check) {
    std::vector<Finding> out;
    for (const Finding& finding : check.findings) {
      if (finding.kind != FindingKind::note) out.push_back(finding);
    }
    return out;
  }
  static std::string all_text(const LogCheck& check) {
    std::string out;
    for (const Finding& f : check.findings) {
      out += f.file + " [" + std::to_string(f.from_byte) + "," + std::to_string(f.to_byte) + ") " +
             std::to_string(f.first.value()) + ".." + std::to_string(f.last.value()) + " " +
             f.what + "\n";
    }
    return out;
  }
  static bool names(const LogCheck& check, const std::filesystem::path& file,
                    const std::string& part) {
    for (const Finding& f : check.findings) {
      if (f.kind != FindingKind::note && f.file == file.filename() &&
          f.what.find(part) != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  SegmentHeader header(const std::filesystem::path& file) {
    SegmentHeader h;
    std::memcpy(&h, bytes(file).data(), sizeof h);
    return h;
  }
  SegmentFooter footer(const std::filesystem::path& file) {
    SegmentFooter f;
    std::memcpy(&f, bytes(file).data() + bytes(file).size() - sizeof f, sizeof f);
    return f;
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) {
    ASSERT_TRUE(disk->rename(from, to));
  }

  std::uint64_t last = 0;
  std::vector<std::filesystem::path> sealed;
};

TEST_F(LogCheckTest, AWholeJournalIsSoundToItsLastByte) {
  make_log();
  const LogCheck found = check();
  EXPECT_TRUE(found.findings.empty()) << all_text(found);
  EXPECT_EQ(found.verdict(), ExitCode::ok);
  EXPECT_EQ(found.transactions, last);
  EXPECT_EQ(found.last, Sequence{last});
  ASSERT_EQ(found.segments.size(), 4U);
  for (const SegmentCheck& segment : found.segments) {
    EXPECT_EQ(segment.records_sound, true);
    if (!segment.name.sealed) continue;
    EXPECT_EQ(segment.hash_sound, true);
    EXPECT_EQ(segment.index_sound, true);
  }
}

TEST_F(LogCheckTest, TheEndsOfSegmentsTellWhatTheyHoldWithoutReadingThem) {
  make_log();
  const LogCheck found = check(CheckDepth::ends);
  EXPECT_EQ(found.verdict(), ExitCode::ok) << all_text(found);
  EXPECT_EQ(found.last, Sequence{last});
  EXPECT_EQ(found.segments.front().hash_sound, std::nullopt);
  EXPECT_EQ(found.segments.front().first_time, SampleTransactions::time_of(1));
}

TEST_F(LogCheckTest, AFlippedBitIsNamedWithItsRecordAndTheCheckGoesOnBehindIt) {
  make_log();
  flip_byte(sealed[0], bytes(sealed[0]).size() / 2);
  flip_byte(sealed[1], bytes(sealed[1]).size() / 3);
  const LogCheck found = check();
  EXPECT_EQ(found.verdict(), ExitCode::data_damaged);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(names(found, sealed[i], "damaged")) << all_text(found);
    EXPECT_TRUE(names(found, sealed[i], "hash")) << all_text(found);
    EXPECT_EQ(found.segments[i].hash_sound, false);
  }
  EXPECT_EQ(found.segments[2].records_sound, true);
  // Of each segment at most one transaction is lost (it may have been a COMMIT).
  EXPECT_GE(found.transactions + 2, last);
}

TEST_F(LogCheckTest, EachFlippedByteOfASealedSegmentIsFound) {
  make_log();
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 600; ++i) {
    const auto& file = sealed[random() % sealed.size()];
    const std::uint64_t at = random() % bytes(file).size();
    const auto mask = static_cast<unsigned>(1U << random() % 8);
    flip_byte(file, at, mask);
    const LogCheck found = check();
    EXPECT_EQ(found.verdict(), ExitCode::data_damaged) << "byte " << at << ", seed " << seed;
    bool named = false;
    for (const Finding& f : found.findings) named |= f.file == file.filename();
    EXPECT_TRUE(named) << all_text(found);
    flip_byte(file, at, mask);
  }
}

TEST_F(LogCheckTest, ACutSegmentLosesItsFooterAndTheTransactionsBehindTheCut) {
  make_log();
  const std::uint64_t last_in_it = footer(sealed[1]).last_sequence.value();
  cut_tail(sealed[1], bytes(sealed[1]).size() / 2);
  const LogCheck found = check();
  EXPECT_TRUE(names(found, sealed[1], "footer")) << all_text(found);
  bool tells_the_rest = false;
  for (const Finding& f : found.findings) tells_the_rest |= f.last.value() == last_in_it;
  EXPECT_TRUE(tells_the_rest) << all_text(found);
}

TEST_F(LogCheckTest, AMissingSegmentIsNamedWithItsSequences) {
  make_log();
  const SegmentHeader gone = header(sealed[1]);
  const SegmentFooter its_end = footer(sealed[1]);
  ASSERT_TRUE(disk->remove(sealed[1]));
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 1U) << all_text(found);
  EXPECT_EQ(faults(found)[0].first, gone.base_sequence);
  EXPECT_EQ(faults(found)[0].last, its_end.last_sequence);
}

TEST_F(LogCheckTest, TheFirstAndTheNewestSegmentAreMissedToo) {
  make_log();
  ASSERT_TRUE(disk->remove(sealed[0]));
  const auto newest = open_segment();
  ASSERT_TRUE(disk->remove(newest));
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 2U) << all_text(found);
  EXPECT_EQ(faults(found)[0].first, Sequence{1});
  EXPECT_EQ(faults(found)[1].last, Sequence{last});
}

TEST_F(LogCheckTest, TwoSwappedFilesAreBothNamed) {
  make_log();
  std::swap(bytes(sealed[0]), bytes(sealed[1]));
  const LogCheck found = check();
  EXPECT_EQ(faults(found).size(), 2U) << all_text(found);
  EXPECT_TRUE(names(found, sealed[0], "by its header the segment is called"));
  EXPECT_TRUE(names(found, sealed[1], "by its header the segment is called"));
}

TEST_F(LogCheckTest, ASegmentOfAnotherLogIsForeign) {
  make_log();
  const auto stranger = std::move(disk);
  const auto name = sealed[1];
  disk = std::make_unique<SimulatedDisk>();
  make_log();
  ASSERT_EQ(sealed[1], name);
  bytes(sealed[1]) = stranger->bytes_of(name);
  const LogCheck found = check();
  EXPECT_TRUE(names(found, sealed[1], "another log")) << all_text(found);
  EXPECT_TRUE(found.has_damage());
}

TEST_F(LogCheckTest, ARenamedSegmentIsToldItsRightName) {
  make_log();
  SegmentName wrong = *parse_segment_name(sealed[2].filename().string());
  wrong.base = Sequence{wrong.base.value() + 1};
  rename(sealed[2], directory / to_string(wrong));
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 1U) << all_text(found);
  EXPECT_NE(faults(found)[0].what.find(sealed[2].filename().string()), std::string::npos);
}

TEST_F(LogCheckTest, AZeroedBlockIsOneGapOfKnownSequences) {
  make_log();
  zero_range(sealed[1], 16384, 20480);
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 2U) << all_text(found);  // and the hash
  const Finding& gap = faults(found)[0];
  EXPECT_LE(gap.from_byte, 16384U);
  EXPECT_GE(gap.to_byte, 20480U);
  EXPECT_LE(gap.to_byte, 20480U + 4096);
  EXPECT_EQ(found.transactions + gap.last.value() - gap.first.value() + 1, last);
}

TEST_F(LogCheckTest, ADuplicatedBlockIsDamageWhereItWasPut) {
  make_log();
  auto& all = bytes(sealed[0]);
  std::copy_n(all.begin() + 8192, 4096, all.begin() + 24576);
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 2U) << all_text(found);
  EXPECT_LE(faults(found)[0].from_byte, 24576U);
  EXPECT_GE(faults(found)[0].to_byte, 24576U + 4096);
}

TEST_F(LogCheckTest, SwappedBlocksAreTwoGaps) {
  make_log();
  swap_blocks(sealed[0], 8192, 24576, 4096);
  const LogCheck found = check();
  EXPECT_EQ(faults(found).size(), 3U) << all_text(found);
}

TEST_F(LogCheckTest, ADamagedIndexIsNamedAndTheRecordsAreStillSound) {
  make_log();
  flip_byte(sealed[0], footer(sealed[0]).index_offset + 20);
  const LogCheck found = check();
  EXPECT_TRUE(names(found, sealed[0], "index")) << all_text(found);
  EXPECT_EQ(found.segments[0].index_sound, false);
  EXPECT_EQ(found.segments[0].records_sound, true);
  EXPECT_EQ(found.transactions, last);
}

TEST_F(LogCheckTest, ADamagedFooterIsNamedAndTheRecordsAreStillRead) {
  make_log();
  flip_byte(sealed[0], bytes(sealed[0]).size() - 50);
  const LogCheck found = check();
  EXPECT_TRUE(names(found, sealed[0], "footer")) << all_text(found);
  EXPECT_EQ(found.transactions, last);
}

TEST_F(LogCheckTest, ADamagedHeaderCostsTheSegment) {
  make_log();
  const std::uint64_t in_it = footer(sealed[1]).last_sequence.value();
  flip_byte(sealed[1], 90);
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 2U) << all_text(found);  // and a number that is missing
  EXPECT_EQ(faults(found)[0].last, Sequence{in_it});
}

TEST_F(LogCheckTest, ADamagedWatermarkIsNamed) {
  make_log();
  for (auto& byte : bytes(directory / watermark_name)) byte ^= std::byte{0x11};
  const LogCheck found = check();
  ASSERT_EQ(faults(found).size(), 1U) << all_text(found);
  EXPECT_EQ(faults(found)[0].file, watermark_name);
  EXPECT_EQ(found.transactions, last);
}

TEST_F(LogCheckTest, DamageInTheOpenSegmentIsDamageAndATornTailIsANote) {
  make_log();
  const auto file = open_segment();
  const std::uint64_t end = end_of_log();
  auto& all = bytes(file);
  all.resize(std::max<std::size_t>(all.size(), end + 512));
  std::fill_n(all.begin() + static_cast<std::ptrdiff_t>(end), 500, std::byte{0x77});
  const LogCheck torn = check();
  EXPECT_EQ(torn.verdict(), ExitCode::ok) << all_text(torn);
  ASSERT_EQ(torn.findings.size(), 1U) << all_text(torn);
  EXPECT_EQ(torn.findings[0].from_byte, end);
  flip_byte(file, end - 200);
  const LogCheck damaged = check();
  EXPECT_EQ(damaged.verdict(), ExitCode::data_damaged) << all_text(damaged);
  EXPECT_EQ(damaged.findings[0].last, Sequence{last}) << all_text(damaged);
}

TEST_F(LogCheckTest, WhatTheDeviceDoesNotGiveIsUnreadableAndNotDamage) {
  make_log();
  const auto bad = sealed[1];
  int reads = 0;
  disk->set_fault([&](DiskCall call, const std::filesystem::path& file, std::size_t&) {
    return call == DiskCall::read && file == bad && ++reads >= 5 ? EIO : 0;
  });
  const LogCheck found = check();
  EXPECT_EQ(found.verdict(), ExitCode::io_error) << all_text(found);
}

TEST_F(LogCheckTest, AJournalThatIsBeingWrittenIsSound) {
  must_open();
  while (files(".seg").size() < 2) write(1, 5);
  append(3);  // in the tail only
  const LogCheck found = check();
  EXPECT_TRUE(found.in_use);
  EXPECT_EQ(found.verdict(), ExitCode::ok) << all_text(found);
  EXPECT_EQ(found.last.value() + 3, head());
}

}  // namespace
}  // namespace bourse
