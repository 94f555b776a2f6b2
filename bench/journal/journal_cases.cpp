#include "bench/journal/journal_cases.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <thread>

#include "bench/journal/journal_thread.h"  // JournalThread
#include "bench/journal/laid_zeros.h"      // wait_for_zeros
#include "replay/disk/directory.h"         // list_directory
#include "replay/log/record_scanner.h"     // RecordScanner
#include "replay/log/segment_reader.h"     // SegmentReader

namespace bourse {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 20;
constexpr int raw_blocks = 256;
constexpr int warm_seeks = 20'000;
constexpr int cold_seeks = 200;
constexpr std::uint64_t wake_every = 256;
constexpr std::uint64_t recovery_bytes = std::uint64_t{200} << 20;

std::int64_t cpu_ns() {  // of this thread
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}
double seconds_since(std::int64_t start) { return static_cast<double>(now_ns() - start) / 1e9; }

std::vector<std::filesystem::path> files_of(const Settings& settings) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(settings.directory / "log")) {
    files.push_back(entry.path());
  }
  return files;
}

// Out of the page cache, as far as the kernel does what it is asked.
void make_cold(const Settings& settings) {
  for (const auto& path : files_of(settings)) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ::fdatasync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

struct Read {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

Read scan_records(const Settings& settings) {
  Read read;
  const auto directory = settings.directory / "log";
  const auto listing = list_directory(posix_disk(), directory);
  if (!listing) give_up(listing.error().text());
  for (const SegmentName& name : listing->segments) {
    const auto segment = SegmentReader::open(posix_disk(), directory, name);
    if (!segment) give_up(segment.error().text());
    RecordScanner scanner((*segment)->file(), (*segment)->header().salt);
    scanner.start(segment_header_bytes);
    while (scanner.next() == RecordScanner::Found::record) {
      if (scanner.header().type != RecordType::transaction) continue;
      ++read.count;
      read.bytes += scanner.bytes().size();
    }
  }
  return read;
}

Read read_transactions(Cursor& cursor) {
  Read read;
  if (!cursor.seek(Sequence{1})) give_up("there is no first sequence");
  while (cursor.next() == Cursor::Next::transaction) {
    ++read.count;
    read.bytes += cursor.transaction().bytes().size();
  }
  return read;
}

std::unique_ptr<Log> open_to_read(const Settings& settings) {
  LogOptions options = log_options(settings, Durability::disk);
  options.read_only = true;
  auto log = Log::open(options);
  if (!log) give_up(log.error().text());
  return std::move(*log);
}

Cursor cursor_of(const Log& log) {
  auto cursor = log.cursor(Sequence{1});
  if (!cursor) give_up(cursor.error().text());
  return std::move(*cursor);
}

std::int64_t time_seek(Cursor& cursor, std::uint64_t count, std::uint64_t& random) {
  random = random * 6364136223846793005U + 1442695040888963407U;
  const Sequence wanted{1 + (random >> 16) % count};
  const std::int64_t from = now_ns();
  if (!cursor.seek(wanted) || cursor.next() != Cursor::Next::transaction) give_up("no seek");
  return now_ns() - from;
}

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void give_up(const std::string& why) {
  fmt::print(stderr, "bourse_journal_bench: {}\n", why);
  std::exit(1);
}

std::uint64_t device_bytes_written(const Settings& settings) {
  constexpr std::uint64_t sector_bytes = 512;
  constexpr int sectors_written = 6;  // the field of /sys/dev/block/*/stat
  struct stat status{};
  if (::stat(settings.directory.c_str(), &status) != 0) return 0;
  std::ifstream file(
      fmt::format("/sys/dev/block/{}:{}/stat", major(status.st_dev), minor(status.st_dev)));
  std::uint64_t value = 0;
  for (int field = 0; field <= sectors_written; ++field) {
    if (!(file >> value)) return 0;
  }
  return value * sector_bytes;
}

std::vector<std::byte> make_record(std::size_t bytes) {
  std::vector<std::byte> record = bytes == small_bytes ? small_record() : order_record(true);
  if (record.size() != bytes) give_up("an order has grown");
  return record;
}

LogOptions log_options(const Settings& settings, Durability durability) {
  LogOptions options;
  options.directory = settings.directory / "log";
  options.durability = durability;
  return options;
}

std::unique_ptr<Log> new_log(const Settings& settings, Durability durability) {
  std::filesystem::remove_all(settings.directory / "log");
  auto log = Log::open(log_options(settings, durability));
  if (!log) give_up(log.error().text());
  wait_for_zeros(log_options(settings, durability));
  return std::move(*log);
}

RawDisk measure_raw_disk(const Settings& settings) {
  const std::string path = (settings.directory / "raw").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) give_up("cannot make " + path);
  std::vector<char> block(block_bytes);
  const auto write_all = [&] {
    for (int i = 0; i < raw_blocks; ++i) {
      if (::pwrite(fd, block.data(), block.size(), i * static_cast<off_t>(block_bytes)) < 0) {
        give_up("cannot write " + path);
      }
    }
    if (::fdatasync(fd) != 0) give_up("cannot sync " + path);
  };
  write_all();  // zeros, so that the next ones overwrite
  block.assign(block_bytes, 1);
  RawDisk raw;
  std::int64_t start = now_ns();
  write_all();
  raw.write = static_cast<double>(block_bytes) * raw_blocks / seconds_since(start);
  ::close(fd);
  const int direct = ::open(path.c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC);
  if (direct < 0) give_up("cannot read " + path + " directly");
  void* const aligned = std::aligned_alloc(4096, block_bytes);
  start = now_ns();
  for (int i = 0; i < raw_blocks; ++i) {
    if (::pread(direct, aligned, block_bytes, i * static_cast<off_t>(block_bytes)) < 0) {
      give_up("cannot read " + path + " directly");
    }
  }
  raw.read = static_cast<double>(block_bytes) * raw_blocks / seconds_since(start);
  std::free(aligned);
  ::close(direct);
  ::unlink(path.c_str());
  return raw;
}

double run_burst(const Settings& settings, std::size_t bytes, std::uint64_t total_bytes) {
  const auto log = new_log(settings, Durability::disk);
  auto writer = log->tail().writer();
  std::vector<std::byte> record = make_record(bytes);
  const std::uint64_t count = total_bytes / record.size();
  const std::int64_t start = now_ns();
  JournalThread journal(*log, [] {});
  for (std::uint64_t sequence = 1; sequence <= count; ++sequence) {
    set_sequence(record, sequence);
    while (!writer.append(record)) {
      log->tail().arrivals().wake();
      std::this_thread::yield();
    }
    if (sequence % wake_every == 0) log->tail().arrivals().wake();
  }
  if (const auto failure = journal.end()) give_up(failure->text());
  return static_cast<double>(count) * 1e3 / static_cast<double>(now_ns() - start);
}

Reading run_reading(const Settings& settings, std::size_t bytes) {
  std::unique_ptr<Log> log;
  std::optional<Cursor> cursor;
  if (bytes != small_bytes) {
    log = open_to_read(settings);
    cursor.emplace(cursor_of(*log));
  }
  const auto read_all = [&] {
    return cursor ? read_transactions(*cursor) : scan_records(settings);
  };
  Reading out;
  make_cold(settings);
  std::int64_t start = now_ns();
  const Read cold = read_all();
  out.cold_bytes = static_cast<double>(cold.bytes) / seconds_since(start);
  // Nothing is waited for when it is warm: the processor's time tells it, whatever else runs.
  const std::int64_t cpu = cpu_ns();
  const Read warm = read_all();
  const double took = static_cast<double>(cpu_ns() - cpu) / 1e9;
  out.warm = static_cast<double>(warm.count) / 1e6 / took;
  out.warm_bytes = static_cast<double>(warm.bytes) / 1e9 / took;
  if (!cursor) return out;
  std::uint64_t random = 42;
  for (int i = 0; i < warm_seeks; ++i) {
    out.seek_ns.push_back(time_seek(*cursor, warm.count, random));
  }
  for (int i = 0; i < cold_seeks; ++i) {
    make_cold(settings);
    out.cold_seek_ns.push_back(time_seek(*cursor, warm.count, random));
  }
  return out;
}

double run_recovery(const Settings& settings, std::size_t bytes) {
  run_burst(settings, bytes, recovery_bytes);
  make_cold(settings);
  const std::int64_t start = now_ns();
  const auto log = Log::open(log_options(settings, Durability::disk));
  const double took = seconds_since(start);
  if (!log) give_up(log.error().text());
  if ((*log)->last_sequence().value() < recovery_bytes / bytes) give_up("the start lost records");
  return took / (static_cast<double>(recovery_bytes) / 1e9);
}

}  // namespace bourse
