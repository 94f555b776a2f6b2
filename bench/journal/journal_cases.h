// What the benches of the log share: records, logs on a disk, and the cases besides the open loop.
//   Units:  rates in millions of records per second, bytes per second, nanoseconds.
//   Owner:  one thread; a burst has a journal thread of its own.
//   Errors: whatever fails ends the bench with a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/sample_record.h"  // small_record_bytes, set_sequence
#include "replay/log/log.h"            // Log

namespace bourse {

inline constexpr std::size_t small_bytes = small_record_bytes;
inline constexpr std::size_t order_bytes = 344;
inline constexpr std::uint64_t burst_bytes = std::uint64_t{48} << 20;        // fits into the tail
inline constexpr std::uint64_t laid_burst_bytes = std::uint64_t{240} << 20;  // into zeros
inline constexpr std::uint64_t sustained_bytes = std::uint64_t{512} << 20;

struct Settings {
  std::filesystem::path directory = "bourse_journal_bench.tmp";
  std::uint64_t runs = 5;
  std::uint64_t seconds = 3;
  std::uint64_t rate = 200'000;
};

std::int64_t now_ns();
[[noreturn]] void give_up(const std::string& why);
// To the device that holds the directory, by everybody, so far; 0 if the kernel does not tell.
std::uint64_t device_bytes_written(const Settings& settings);

// A record of 64 bytes, or an order that rests; only sequence and time change.
std::vector<std::byte> make_record(std::size_t bytes);

LogOptions log_options(const Settings& settings, Durability durability);
// As of an exchange that has been up for a moment: the zeros that are laid ahead lie there.
std::unique_ptr<Log> new_log(const Settings& settings, Durability durability);

struct RawDisk {
  double write = 0;  // bytes/s: 1 MiB at a time into zeros, fdatasync at the end
  double read = 0;   // bytes/s: 1 MiB at a time, not through the page cache
};
RawDisk measure_raw_disk(const Settings& settings);

// As fast as it goes, until all is released. Million records per second.
double run_burst(const Settings& settings, std::size_t bytes, std::uint64_t total_bytes);

struct Reading {
  double warm = 0;        // million records per second of processor time, every checksum verified
  double warm_bytes = 0;  // GB/s
  double cold_bytes = 0;  // bytes/s
  std::vector<std::int64_t> seek_ns;
  std::vector<std::int64_t> cold_seek_ns;
};
// Over the files that the last burst left. Records of 64 bytes are no transactions: they are read
// as records, without a cursor, and not sought.
Reading run_reading(const Settings& settings, std::size_t bytes);

// Fills an open segment with 200 MiB of records, leaves it as a kill would, makes it cold and opens
// it: every record checked, the hash begun again. Seconds per GB of records.
double run_recovery(const Settings& settings, std::size_t bytes);

}  // namespace bourse
