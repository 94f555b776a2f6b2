// RocksDB's WAL, LMDB and SQLite's WAL as logs, each as its makers mean it for this: a batch or a
// transaction per group, synced before it is told, keys ascending.
#include <fmt/format.h>
#include <lmdb.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sqlite3.h>

#include <bit>
#include <cstring>
#include <vector>

#include "bench/journal/measured_log.h"  // MeasuredLog

namespace bourse {
namespace {

using Value = std::vector<char>;

class RocksDbLog final : public MeasuredLog {
 public:
  RocksDbLog(const std::filesystem::path& directory, std::size_t record_bytes)
      : value_(record_bytes, 'v') {
    rocksdb::Options options;
    options.create_if_missing = true;
    // The WAL alone is measured: nothing is flushed into tables, and it is kept.
    options.write_buffer_size = std::size_t{8} << 30;
    options.WAL_ttl_seconds = 3600;
    options.max_total_wal_size = std::uint64_t{16} << 30;
    rocksdb::DB* db = nullptr;
    check(rocksdb::DB::Open(options, directory.string(), &db));
    db_.reset(db);
  }

  void write_durably(std::uint64_t first, std::uint64_t count) override {
    rocksdb::WriteBatch batch;
    for (std::uint64_t i = first; i < first + count; ++i) {
      const std::uint64_t key = __builtin_bswap64(i);
      check(batch.Put({reinterpret_cast<const char*>(&key), sizeof key},
                      {value_.data(), value_.size()}));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    check(db_->Write(options, &batch));
  }
  std::uint64_t read_all() override {
    std::unique_ptr<rocksdb::TransactionLogIterator> at;
    check(db_->GetUpdatesSince(1, &at));
    std::uint64_t count = 0;
    for (; at->Valid(); at->Next()) {
      count += static_cast<std::uint64_t>(at->GetBatch().writeBatchPtr->Count());
    }
    check(at->status());
    return count;
  }
  bool seek(std::uint64_t sequence) override {
    std::unique_ptr<rocksdb::TransactionLogIterator> at;
    check(db_->GetUpdatesSince(sequence, &at));
    return at->Valid() && at->GetBatch().sequence != 0;
  }

 private:
  static void check(const rocksdb::Status& status) {
    if (!status.ok()) give_up("RocksDB: " + status.ToString());
  }
  const Value value_;
  std::unique_ptr<rocksdb::DB> db_;
};

class LmdbLog final : public MeasuredLog {
 public:
  LmdbLog(const std::filesystem::path& directory, std::size_t record_bytes)
      : value_(record_bytes, 'v') {
    check(mdb_env_create(&env_));
    check(mdb_env_set_mapsize(env_, std::size_t{16} << 30));
    check(mdb_env_open(env_, directory.c_str(), 0, 0600));
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &txn));
    check(mdb_dbi_open(txn, nullptr, MDB_INTEGERKEY, &dbi_));
    check(mdb_txn_commit(txn));
  }
  ~LmdbLog() override {
    end_reading();
    mdb_env_close(env_);
  }

  void write_durably(std::uint64_t first, std::uint64_t count) override {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &txn));
    for (std::uint64_t i = first; i < first + count; ++i) {
      MDB_val key{sizeof i, &i};
      MDB_val value{value_.size(), value_.data()};
      check(mdb_put(txn, dbi_, &key, &value, MDB_APPEND));
    }
    check(mdb_txn_commit(txn));
  }
  void finish_writing() override {
    check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reading_));
    check(mdb_cursor_open(reading_, dbi_, &cursor_));
  }
  std::uint64_t read_all() override {
    MDB_val key{};
    MDB_val value{};
    std::uint64_t count = 0;
    for (int at = mdb_cursor_get(cursor_, &key, &value, MDB_FIRST); at == 0;
         at = mdb_cursor_get(cursor_, &key, &value, MDB_NEXT)) {
      count += value.mv_size > 0 ? 1 : 0;
    }
    return count;
  }
  bool seek(std::uint64_t sequence) override {
    MDB_val key{sizeof sequence, &sequence};
    MDB_val value{};
    return mdb_cursor_get(cursor_, &key, &value, MDB_SET_RANGE) == 0 && value.mv_size > 0;
  }

 private:
  static void check(int result) {
    if (result != 0) give_up(std::string("LMDB: ") + mdb_strerror(result));
  }
  void end_reading() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    if (reading_ != nullptr) mdb_txn_abort(reading_);
  }
  Value value_;
  MDB_env* env_ = nullptr;
  MDB_dbi dbi_ = 0;
  MDB_txn* reading_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
};

class SqliteLog final : public MeasuredLog {
 public:
  SqliteLog(const std::filesystem::path& directory, std::size_t record_bytes)
      : value_(record_bytes, 'v') {
    check(sqlite3_open((directory / "log.db").c_str(), &db_));
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("CREATE TABLE log (seq INTEGER PRIMARY KEY, data BLOB)");
    check(sqlite3_prepare_v2(db_, "INSERT INTO log VALUES (?, ?)", -1, &insert_, nullptr));
    check(sqlite3_prepare_v2(db_, "SELECT data FROM log WHERE seq = ?", -1, &find_, nullptr));
    check(sqlite3_prepare_v2(db_, "SELECT seq, data FROM log ORDER BY seq", -1, &all_, nullptr));
  }
  ~SqliteLog() override {
    for (sqlite3_stmt* const statement : {insert_, find_, all_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  void write_durably(std::uint64_t first, std::uint64_t count) override {
    run("BEGIN");
    for (std::uint64_t i = first; i < first + count; ++i) {
      sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(i));
      sqlite3_bind_blob(insert_, 2, value_.data(), static_cast<int>(value_.size()), nullptr);
      if (sqlite3_step(insert_) != SQLITE_DONE) check(SQLITE_ERROR);
      sqlite3_reset(insert_);
    }
    run("COMMIT");
  }
  std::uint64_t read_all() override {
    std::uint64_t count = 0;
    while (sqlite3_step(all_) == SQLITE_ROW) {
      count += sqlite3_column_bytes(all_, 1) > 0 ? 1 : 0;
    }
    sqlite3_reset(all_);
    return count;
  }
  bool seek(std::uint64_t sequence) override {
    sqlite3_bind_int64(find_, 1, static_cast<sqlite3_int64>(sequence));
    const bool found = sqlite3_step(find_) == SQLITE_ROW && sqlite3_column_bytes(find_, 0) > 0;
    sqlite3_reset(find_);
    return found;
  }

 private:
  void check(int result) const {
    if (result != SQLITE_OK) give_up(std::string("SQLite: ") + sqlite3_errmsg(db_));
  }
  void run(const char* sql) const { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  const Value value_;
  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* find_ = nullptr;
  sqlite3_stmt* all_ = nullptr;
};

}  // namespace

std::unique_ptr<MeasuredLog> make_rocksdb_log(const std::filesystem::path& directory,
                                              std::size_t record_bytes) {
  return std::make_unique<RocksDbLog>(directory, record_bytes);
}
std::unique_ptr<MeasuredLog> make_lmdb_log(const std::filesystem::path& directory,
                                           std::size_t record_bytes) {
  return std::make_unique<LmdbLog>(directory, record_bytes);
}
std::unique_ptr<MeasuredLog> make_sqlite_log(const std::filesystem::path& directory,
                                             std::size_t record_bytes) {
  return std::make_unique<SqliteLog>(directory, record_bytes);
}

}  // namespace bourse
