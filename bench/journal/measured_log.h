// One shape for logs that are measured beside each other: ours, RocksDB's WAL, LMDB, SQLite's WAL,
// and a plain file that only writes and syncs.
//   Shape:  records of one size; a group is written and durable when write_durably() returns.
//   Owner:  one thread.
//   Errors: whatever fails ends the bench with a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace bourse {

class MeasuredLog {
 public:
  MeasuredLog() = default;
  MeasuredLog(const MeasuredLog&) = delete;
  MeasuredLog& operator=(const MeasuredLog&) = delete;
  virtual ~MeasuredLog() = default;

  // The records `first` to `first` + `count` - 1, the first of all being 1.
  virtual void write_durably(std::uint64_t first, std::uint64_t count) = 0;
  // No more writing: what is read from here on was written before.
  virtual void finish_writing() {}
  // Reads all records in order, verified as this log does it; returns how many.
  virtual std::uint64_t read_all() = 0;
  // Finds one record and reads it. False: this log cannot.
  virtual bool seek(std::uint64_t sequence) = 0;
};

struct LogMaker {
  std::string name;
  std::unique_ptr<MeasuredLog> (*make)(const std::filesystem::path& directory,
                                       std::size_t record_bytes);
};

std::unique_ptr<MeasuredLog> make_bourse_log(const std::filesystem::path&, std::size_t);
std::unique_ptr<MeasuredLog> make_plain_file(const std::filesystem::path&, std::size_t);
std::unique_ptr<MeasuredLog> make_rocksdb_log(const std::filesystem::path&, std::size_t);
std::unique_ptr<MeasuredLog> make_lmdb_log(const std::filesystem::path&, std::size_t);
std::unique_ptr<MeasuredLog> make_sqlite_log(const std::filesystem::path&, std::size_t);

[[noreturn]] void give_up(const std::string& why);

}  // namespace bourse
