// What a start makes of every kind of harm: a torn tail is kept aside and cut, anything that had
// been acknowledged and is no longer whole is refused, and nothing is ever dropped in silence.
#include "replay/log/recovery.h"

#include <gtest/gtest.h>

#include <cstring>

#include "replay/log/record.h"          // record_crc
#include "replay/log/segment_reader.h"  // finish_header
#include "tests/replay/log_fixture.h"   // LogFixture

namespace bourse {
namespace {

class Recovery : public LogFixture {
 protected:
  void expect_refused(const Error& error, const std::string& part = {}) {
    EXPECT_EQ(error.code, ExitCode::data_damaged) << error.text();
    EXPECT_FALSE(error.where.empty()) << error.text();
    EXPECT_FALSE(error.next.empty()) << error.text();
    EXPECT_NE(error.text().find(part), std::string::npos) << error.text();
  }
  std::filesystem::path watermark() const { return directory / watermark_name; }

  // Opens a copy of the disk with one change; true if the log opens and every transaction comes
  // back byte for byte.
  bool is_whole(SimulatedDisk& changed, std::uint64_t transactions, std::string& why_not) {
    LogOptions on_copy = options();
    on_copy.disk = &changed;
    const auto opened = Log::open(on_copy);
    if (!opened) {
      why_not = opened.error().text();
      EXPECT_TRUE(opened.error().code == ExitCode::data_damaged ||
                  opened.error().code == ExitCode::bad_config)
          << why_not;
      return false;
    }
    auto cursor = (*opened)->cursor(Sequence{1});
    if (!cursor) {
      why_not = cursor.error().text();
      return false;
    }
    for (std::uint64_t i = 1;; ++i) {
      const Cursor::Next next = cursor->next();
      if (next == Cursor::Next::failed) {
        why_not = cursor->error().text();
        EXPECT_EQ(cursor->error().code, ExitCode::data_damaged) << why_not;
        return false;
      }
      if (next == Cursor::Next::at_head) return i == transactions + 1;
      EXPECT_TRUE(samples.matches(cursor->transaction())) << "wrong bytes delivered";
    }
  }
};

TEST_F(Recovery, Row03ATornTailIsSavedAsideAndCut) {
  must_open();
  write(20, 3);
  drop();
  const auto file = open_segment();
  const std::uint64_t end = end_of_log();
  std::vector<std::byte> torn(1000);
  for (std::size_t i = 0; i < torn.size(); ++i) torn[i] = static_cast<std::byte>(i % 250 + 1);
  auto& all = bytes(file);
  all.resize(std::max<std::size_t>(all.size(), end + torn.size()));
  std::ranges::copy(torn, all.begin() + static_cast<std::ptrdiff_t>(end));
  must_open();
  EXPECT_EQ(log->recovery().torn_bytes, torn.size());
  EXPECT_EQ(bytes(log->recovery().torn_file), torn);
  EXPECT_LE(end_of_data(file), end);
  EXPECT_EQ(log->last_sequence(), Sequence{60});
  write(5, 3);
  EXPECT_EQ(read_all(*log), 75U);
  drop();
  must_open();
  EXPECT_EQ(log->recovery().torn_bytes, 0U);
  EXPECT_EQ(read_all(*log), 75U);
}

TEST_F(Recovery, AGroupThatWasWrittenButNotSyncedIsTakenInWhenItIsWhole) {
  must_open();
  write(3, 4);
  append(4);
  disk->set_fault([](DiskCall call, const std::filesystem::path&, std::size_t&) {
    return call == DiskCall::sync ? EIO : 0;
  });
  EXPECT_EQ(log->journal().step(), JournalWriter::Step::failed);
  EXPECT_EQ(log->released_sequence(), Sequence{12});
  drop();
  disk->set_fault({});
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{16});
  EXPECT_EQ(read_all(*log), 16U);
}

TEST_F(Recovery, Row04EveryFlippedByteBelowTheDurableClaimIsRefused) {
  segment_bytes = std::uint64_t{1} << 20;
  must_open();
  write(40, 5);
  drop();
  const auto file = open_segment();
  const std::uint64_t end = end_of_log();
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  constexpr int flips = 4000;
  for (int i = 0; i < flips; ++i) {
    // Each byte of the first and the last group at least, then anywhere.
    const std::uint64_t at = i < 1500 ? end - 1 - static_cast<std::uint64_t>(i) : random() % end;
    const auto mask = static_cast<std::byte>(1U << random() % 8);
    bytes(file)[at] ^= mask;
    const auto opened = Log::open(options());
    ASSERT_FALSE(opened) << "byte " << at << ", seed " << seed;
    EXPECT_TRUE(opened.error().code == ExitCode::data_damaged ||
                opened.error().code == ExitCode::bad_config)
        << opened.error().text();
    bytes(file)[at] ^= mask;
  }
  must_open();  // and nothing was changed meanwhile
  EXPECT_EQ(log->recovery().torn_bytes, 0U);
  EXPECT_EQ(read_all(*log), 200U);
}

TEST_F(Recovery, Row04AFlippedByteAnywhereIsFoundOrHarmsNothing) {
  must_open();
  write(120, 7);
  drop();
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  std::vector<std::filesystem::path> all_files = files(".seg");
  ASSERT_GT(all_files.size(), 2U);
  all_files.push_back(open_segment());
  all_files.push_back(watermark());
  int found = 0;
  constexpr int flips = 1500;
  for (int i = 0; i < flips; ++i) {
    const auto changed = disk->copy();
    const auto& file = all_files[random() % all_files.size()];
    auto& all = changed->bytes_of(file);
    const std::uint64_t at = random() % all.size();
    all[at] ^= static_cast<std::byte>(1 + random() % 255);
    std::string why_not;
    if (!is_whole(*changed, 840, why_not)) {
      ++found;
      EXPECT_FALSE(why_not.empty()) << file << " byte " << at << ": lost in silence, seed " << seed;
    }
  }
  EXPECT_GT(found, flips / 3);
}

TEST_F(Recovery, Row04Row06BlocksZeroedSwappedDuplicatedOrCutAreFoundOrHarmNothing) {
  must_open();
  write(120, 7);
  drop();
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  std::vector<std::filesystem::path> all_files = files(".seg");
  all_files.push_back(open_segment());
  int found = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto changed = disk->copy();
    auto& all = changed->bytes_of(all_files[random() % all_files.size()]);
    const std::uint64_t size = random() % 2 == 0 ? 512 : 4096;
    const std::uint64_t blocks = all.size() / size;
    const std::uint64_t a = random() % blocks * size;
    const std::uint64_t b = random() % blocks * size;
    const auto at = [&](std::uint64_t offset) {
      return all.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    switch (random() % 4) {
      case 0:
        std::fill(at(a), at(a + size), std::byte{0});
        break;
      case 1:
        if (a != b) std::swap_ranges(at(a), at(a + size), at(b));
        break;
      case 2:
        if (a != b) std::copy(at(a), at(a + size), at(b));
        break;
      default:
        all.resize(a);
    }
    std::string why_not;
    if (!is_whole(*changed, 840, why_not)) {
      ++found;
      EXPECT_FALSE(why_not.empty()) << "lost in silence, seed " << seed << ", round " << i;
    }
  }
  EXPECT_GT(found, 500);
}

TEST_F(Recovery, Row05DamageToTheLastGroupIsSeenByTheWatermark) {
  must_open();
  write(10, 2);
  const auto file = open_segment();
  const std::uint64_t before = end_of_log();
  write(1, 2);
  drop();
  zero_range(file, before, end_of_data(file));
  expect_refused(refusal(), "acknowledged up to byte");
  // Without the watermark nobody can know; the start says so.
  ASSERT_TRUE(disk->remove(watermark()));
  must_open();
  EXPECT_EQ(log->last_sequence(), Sequence{20});
  ASSERT_EQ(log->recovery().warnings.size(), 1U);
  EXPECT_NE(log->recovery().warnings[0].find("no watermark"), std::string::npos);
}

TEST_F(Recovery, DamagedWatermarkSlotsAreNoHarmUntilNoneIsSound) {
  must_open();
  write(10, 2);
  drop();
  const std::vector<std::byte> sound = bytes(watermark());
  for (std::uint64_t whole = 0; whole < watermark_slots; ++whole) {
    bytes(watermark()) = sound;
    bytes(watermark()).resize(watermark_slots * watermark_slot_bytes);
    for (std::uint64_t slot = 0; slot < watermark_slots; ++slot) {
      if (slot != whole) flip_byte(watermark(), slot * watermark_slot_bytes + 60);
    }
    if (sound.size() <= whole * watermark_slot_bytes) continue;
    must_open();
    EXPECT_EQ(log->last_sequence(), Sequence{20});
    drop();
  }
  bytes(watermark()) = sound;
  for (std::uint64_t at = 60; at < sound.size(); at += watermark_slot_bytes) {
    flip_byte(watermark(), at);
  }
  expect_refused(refusal(), "none of the watermarks is sound");
}

TEST_F(Recovery, AWatermarkOfMemoryCountsOnlyUntilTheMachineStartsAgain) {
  durability = Durability::memory;
  must_open();
  write(10, 2);
  drop();
  const auto file = open_segment();
  const std::uint64_t end = end_of_log();
  flip_byte(file, end - 10);
  expect_refused(refusal(), "acknowledged up to byte");
  flip_byte(file, end - 10);
  disk->settle();
  std::mt19937_64 random(1);
  disk->crash(random);  // all is on the disk, but the machine is another start of itself
  flip_byte(file, end - 10);
  must_open();
  EXPECT_LT(log->last_sequence(), Sequence{20});
  EXPECT_GT(log->recovery().torn_bytes, 0U);
}

TEST_F(Recovery, Row13AMissingSegmentIsNamed) {
  must_open();
  write(200, 7);
  drop();
  const auto sealed = files(".seg");
  ASSERT_GE(sealed.size(), 4U);
  const auto opened = files(".open");
  const std::vector<std::filesystem::path> victims{sealed.front(), sealed[1], sealed.back(),
                                                   opened.front()};
  for (const auto& victim : victims) {
    const auto changed = disk->copy();
    ASSERT_TRUE(changed->remove(victim));
    LogOptions on_copy = options();
    on_copy.disk = changed.get();
    const auto result = Log::open(on_copy);
    ASSERT_FALSE(result) << victim;
    expect_refused(result.error(), "the log is incomplete");
  }
  const auto changed = disk->copy();
  for (const auto& victim : sealed) ASSERT_TRUE(changed->remove(victim));
  ASSERT_TRUE(changed->remove(opened.front()));
  LogOptions on_copy = options();
  on_copy.disk = changed.get();
  const auto result = Log::open(on_copy);
  ASSERT_FALSE(result);
  expect_refused(result.error(), "there is no segment");
}

TEST_F(Recovery, Row13ASegmentOfAnotherLogOrAnotherNameIsRefused) {
  must_open();
  write(120, 7);
  drop();
  const auto sealed = files(".seg");
  ASSERT_GE(sealed.size(), 2U);
  const std::vector<std::byte> original = bytes(sealed[1]);

  auto& all = bytes(sealed[1]);
  SegmentHeader header;
  std::memcpy(&header, all.data(), sizeof header);
  header.journal.bytes[3] ^= 1;
  finish_header(header);
  std::memcpy(all.data(), &header, sizeof header);
  expect_refused(refusal(), "belongs to another log");
  bytes(sealed[1]) = original;

  ASSERT_TRUE(disk->rename(sealed[1], directory / "00000000000000000099-00000001.seg"));
  expect_refused(refusal(), "by its header the segment is called");
}

TEST_F(Recovery, Row13AnotherFormatVersionIsRefusedAndSaysSo) {
  must_open();
  write(2, 2);
  drop();
  auto& all = bytes(open_segment());
  SegmentHeader header;
  std::memcpy(&header, all.data(), sizeof header);
  const SegmentHeader original = header;
  header.major = 2;
  std::memcpy(all.data(), &header, sizeof header);
  Error error = refusal();
  EXPECT_EQ(error.code, ExitCode::bad_config);
  EXPECT_NE(error.text().find("format 2.0, this program reads 1.x"), std::string::npos)
      << error.text();

  header = original;
  header.features_incompatible = 4;
  finish_header(header);
  std::memcpy(all.data(), &header, sizeof header);
  error = refusal();
  EXPECT_EQ(error.code, ExitCode::bad_config);
  EXPECT_NE(error.text().find("features that this program does not know"), std::string::npos);
}

TEST_F(Recovery, Row13AForeignDirectoryIsRefusedAndLeftAlone) {
  ASSERT_TRUE(disk->open(directory / "letters.txt", OpenMode::create));
  const Error error = refusal();
  EXPECT_EQ(error.code, ExitCode::bad_config);
  EXPECT_NE(error.text().find("'letters.txt'"), std::string::npos) << error.text();
  EXPECT_TRUE(files(".open").empty());
}

TEST_F(Recovery, Row08AReadThatFailsIsNotTakenForDamage) {
  must_open();
  write(30, 7);
  drop();
  const auto file = open_segment();
  const std::vector<std::byte> before = bytes(file);
  disk->set_fault([&](DiskCall call, const std::filesystem::path& path, std::size_t& bytes) {
    return call == DiskCall::read && path == file && bytes != sizeof(SegmentHeader) ? EIO : 0;
  });
  const auto opened = Log::open(options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ExitCode::io_error) << opened.error().text();
  disk->set_fault({});
  EXPECT_EQ(bytes(file), before);
  must_open();
  EXPECT_EQ(read_all(*log), 210U);
}

TEST_F(Recovery, Row08AToolReadsWhatIsWholeBeforeTheDamageAndThenNamesIt) {
  must_open();
  write(10, 2);
  const auto file = open_segment();
  const std::uint64_t middle = end_of_log();
  write(10, 2);
  drop();
  flip_byte(file, middle + 100);
  LogOptions tool_options = options();
  tool_options.read_only = true;
  const auto tool = Log::open(tool_options);
  ASSERT_TRUE(tool) << tool.error().text();
  auto cursor = (*tool)->cursor(Sequence{1});
  ASSERT_TRUE(cursor);
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ASSERT_EQ(cursor->next(), Cursor::Next::transaction);
    EXPECT_EQ(cursor->transaction().sequence(), Sequence{i});
  }
  ASSERT_EQ(cursor->next(), Cursor::Next::failed);
  expect_refused(cursor->error());
}

TEST_F(Recovery, Row12ASealThatWasBegunIsFinished) {
  must_open();
  // The rename fails after the seal has been written.
  disk->set_fault([](DiskCall call, const std::filesystem::path& path, std::size_t&) {
    return call == DiskCall::rename && path.extension() == ".open" ? EIO : 0;
  });
  JournalWriter::Step step = JournalWriter::Step::wrote;
  while (step != JournalWriter::Step::failed) {
    append(5);
    step = log->journal().step();
  }
  const std::uint64_t released = log->released_sequence().value();
  drop();
  disk->set_fault({});
  EXPECT_TRUE(files(".seg").empty());
  must_open();
  EXPECT_EQ(files(".seg").size(), 1U);
  EXPECT_EQ(log->last_sequence().value(), released);
  write(3, 3);
  EXPECT_EQ(read_all(*log), released + 9);
}

}  // namespace
}  // namespace bourse
