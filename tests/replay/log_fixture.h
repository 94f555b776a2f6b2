// A log under test: appends transactions, steps the journal by hand, harms files with named verbs.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "replay/disk/directory.h"             // watermark_name
#include "replay/log/log.h"                    // Log
#include "replay/log/watermark.h"              // newest_slot
#include "tests/replay/sample_transactions.h"  // SampleTransactions
#include "tests/replay/simulated_disk.h"       // SimulatedDisk
#include "tests/test_seed.h"                   // test_seed

namespace bourse {

class LogFixture : public ::testing::Test {
 protected:
  static inline const std::filesystem::path directory = "log";

  LogOptions options() const {
    return {.directory = directory,
            .durability = durability,
            .segment_bytes = segment_bytes,
            .tail_bytes = tail_bytes,
            .transaction_bytes_max = largest,
            .reserve_bytes = reserve_bytes,
            .read_only = false,
            .helper_thread = false,
            .disk = disk.get()};
  }

  // As if the process died after so many calls: the rest of them does nothing.
  void die_after(std::uint64_t& calls_left) {
    disk->set_fault([&calls_left](DiskCall, const std::filesystem::path&, std::size_t& bytes) {
      if (calls_left > 0) {
        --calls_left;
        return 0;
      }
      bytes = 0;
      return ESHUTDOWN;
    });
  }

  Result<void> open() {
    auto opened = Log::open(options());
    if (!opened) return std::unexpected(std::move(opened.error()));
    log = std::move(*opened);
    writer.emplace(log->tail().writer());
    epoch = log->last_epoch().value() + 1;
    return {};
  }
  void must_open() {
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().text();
  }
  // As if the process had died: nothing is finished.
  void drop() {
    writer.reset();
    log.reset();
    disk->kill();
  }
  Error refusal() {
    drop();
    const auto opened = open();
    if (opened) {
      ADD_FAILURE() << "the log opened, though it should not";
      return {};
    }
    return opened.error();
  }

  std::uint64_t head() const { return log->tail().head().value(); }
  void append(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(writer->append(samples.make(head() + 1, epoch)));
    }
  }
  // One group at a time, as the journal thread would.
  void write(std::size_t groups, std::size_t group_size) {
    for (std::size_t i = 0; i < groups; ++i) {
      append(group_size);
      ASSERT_EQ(log->journal().step(), JournalWriter::Step::wrote);
    }
    drain();
  }
  void drain() {
    while (log->journal().step() == JournalWriter::Step::wrote) {
    }
  }

  // Reads everything through a cursor and returns the last sequence, having compared each one.
  std::uint64_t read_all(const Log& from) {
    auto cursor = from.cursor(from.earliest_sequence());
    if (!cursor) {
      ADD_FAILURE() << cursor.error().text();
      return 0;
    }
    std::uint64_t last = from.earliest_sequence().value() - 1;
    for (;;) {
      const Cursor::Next next = cursor->next();
      if (next == Cursor::Next::at_head) return last;
      if (next == Cursor::Next::failed) {
        ADD_FAILURE() << cursor->error().text();
        return last;
      }
      EXPECT_EQ(cursor->transaction().sequence().value(), ++last);
      EXPECT_TRUE(samples.matches(cursor->transaction())) << "sequence " << last;
    }
  }

  std::vector<std::filesystem::path> files(const std::string& suffix) const {
    std::vector<std::filesystem::path> out;
    const auto names = disk->list(directory);
    for (const std::string& name : *names) {
      if (name.ends_with(suffix)) out.push_back(directory / name);
    }
    std::ranges::sort(out);
    return out;
  }
  std::filesystem::path open_segment() const { return files(".open").at(0); }

  // The verbs. Offsets are in the file.
  std::vector<std::byte>& bytes(const std::filesystem::path& file) { return disk->bytes_of(file); }
  void flip_byte(const std::filesystem::path& file, std::uint64_t at, unsigned mask = 0x40) {
    bytes(file).at(at) ^= static_cast<std::byte>(mask);
  }
  void zero_range(const std::filesystem::path& file, std::uint64_t from, std::uint64_t to) {
    auto& b = bytes(file);
    std::fill(b.begin() + static_cast<std::ptrdiff_t>(from),
              b.begin() + static_cast<std::ptrdiff_t>(to), std::byte{0});
  }
  void cut_tail(const std::filesystem::path& file, std::uint64_t size) { bytes(file).resize(size); }
  void swap_blocks(const std::filesystem::path& file, std::uint64_t a, std::uint64_t b,
                   std::uint64_t size) {
    auto& all = bytes(file);
    std::swap_ranges(all.begin() + static_cast<std::ptrdiff_t>(a),
                     all.begin() + static_cast<std::ptrdiff_t>(a + size),
                     all.begin() + static_cast<std::ptrdiff_t>(b));
  }
  // Behind the last record of the open segment, as the watermark says.
  std::uint64_t end_of_log() {
    const auto file = disk->open(directory / watermark_name, OpenMode::read);
    return newest_slot(**file)->written_offset;
  }
  // Behind the last byte that is not zero.
  std::uint64_t end_of_data(const std::filesystem::path& file) {
    const auto& b = bytes(file);
    std::size_t end = b.size();
    while (end > 0 && b[end - 1] == std::byte{0}) --end;
    return end;
  }

  Durability durability = Durability::disk;
  std::uint64_t segment_bytes = std::uint64_t{64} << 10;
  // Small, so that logs are made quickly and readers are soon behind.
  std::size_t tail_bytes = std::size_t{128} << 10;
  std::uint64_t reserve_bytes = 0;
  std::size_t largest = std::size_t{64} << 10;
  std::unique_ptr<SimulatedDisk> disk = std::make_unique<SimulatedDisk>();
  std::unique_ptr<Log> log;
  std::optional<BroadcastRing::Writer> writer;
  std::uint32_t epoch = 1;
  SampleTransactions samples;
};

}  // namespace bourse
