#include "replay/dbn/dbn_metadata.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t dataset_bytes = 16;
constexpr std::size_t alignment = 8;  // of the records in version 3
constexpr std::uint32_t metadata_bytes_max = 256u << 20;
constexpr std::string_view not_dbn = "name a DBN file (.dbn or .dbn.zst)";

class Appender {
 public:
  explicit Appender(std::string& out) : out_(out) {}
  template <class T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view text, std::size_t bytes) {
    CHECK(text.size() <= bytes);
    out_ += text;
    zeros(bytes - text.size());
  }
  void zeros(std::size_t count) { out_.append(count, '\0'); }
  void texts(const std::vector<std::string>& all) {
    number(static_cast<std::uint32_t>(all.size()));
    for (const std::string& one : all) text(one, dbn::symbol_bytes);
  }

 private:
  std::string& out_;
};

// Reads forward; what would lie past the end reads as zeros and makes ok() false.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <class T>
  T number() {
    T value{};
    if (const std::byte* const at = take(sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
  }
  std::string text(std::size_t bytes) {
    const auto* const at = reinterpret_cast<const char*>(take(bytes));
    return at == nullptr ? std::string() : std::string(at, ::strnlen(at, bytes));
  }
  void skip(std::size_t bytes) { take(bytes); }
  std::vector<std::string> texts(std::size_t symbol_bytes) {
    const auto count = number<std::uint32_t>();
    if (!fits(count, symbol_bytes)) return {};
    std::vector<std::string> all(count);
    for (std::string& one : all) one = text(symbol_bytes);
    return all;
  }
  // Whether so many things of at least that size can be there; a lie ends the reading.
  bool fits(std::uint64_t count, std::size_t bytes) {
    if (count > (bytes_.size() - at_) / bytes) ok_ = false;
    return ok_;
  }
  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }

 private:
  const std::byte* take(std::size_t bytes) {
    if (!ok_ || bytes > bytes_.size() - at_) {
      ok_ = false;
      return nullptr;
    }
    at_ += bytes;
    return bytes_.data() + at_ - bytes;
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace

void append_dbn_metadata(const DbnMetadata& metadata, std::string& out) {
  const std::size_t begin = out.size();
  out += "DBN";
  Appender to(out);
  to.number(dbn::version);
  to.number(std::uint32_t{0});  // the length, when it is known
  to.text(metadata.dataset, dataset_bytes);
  to.number(static_cast<std::uint16_t>(metadata.schema));
  to.number(metadata.start);
  to.number(metadata.end);
  to.number(metadata.limit);
  to.number(metadata.stype_in);
  to.number(metadata.stype_out);
  to.number(std::uint8_t{metadata.has_ts_out});
  to.number(static_cast<std::uint16_t>(dbn::symbol_bytes));
  to.zeros(begin + dbn::prefix_bytes + dbn::metadata_fixed_bytes - out.size());
  to.number(std::uint32_t{0});  // no schema definition
  to.texts(metadata.symbols);
  to.texts(metadata.partial);
  to.texts(metadata.not_found);
  to.number(static_cast<std::uint32_t>(metadata.mappings.size()));
  for (const DbnMapping& mapping : metadata.mappings) {
    to.text(mapping.raw_symbol, dbn::symbol_bytes);
    to.number(static_cast<std::uint32_t>(mapping.intervals.size()));
    for (const DbnMapping::Interval& interval : mapping.intervals) {
      to.number(interval.start_date);
      to.number(interval.end_date);
      to.text(interval.symbol, dbn::symbol_bytes);
    }
  }
  const std::size_t bytes = out.size() - begin;
  to.zeros((alignment - bytes % alignment) % alignment);
  const auto length = static_cast<std::uint32_t>(out.size() - begin - dbn::prefix_bytes);
  std::memcpy(out.data() + begin + 4, &length, sizeof length);
}

Result<std::uint32_t> dbn_metadata_bytes(std::span<const std::byte> prefix,
                                         const std::string& where) {
  Fields fields(prefix);
  if (fields.text(3) != "DBN") {
    return fail(ExitCode::data_damaged, "is no DBN file: it does not begin with DBN", where,
                std::string(not_dbn));
  }
  const auto version = fields.number<std::uint8_t>();
  const auto length = fields.number<std::uint32_t>();
  if (!fields.ok()) {
    return fail(ExitCode::data_damaged, "ends inside its first 8 bytes", where,
                std::string(not_dbn));
  }
  if (version < 1 || version > dbn::version) {
    return fail(ExitCode::data_damaged, fmt::format("is DBN of version {}", version), where,
                "versions 1 to 3 can be read");
  }
  if (length < dbn::metadata_fixed_bytes || length > metadata_bytes_max) {
    return fail(ExitCode::data_damaged, fmt::format("has metadata of {} bytes", length),
                where + ", byte 4", std::string(not_dbn));
  }
  return length;
}

Result<DbnMetadata> parse_dbn_metadata(std::span<const std::byte> bytes, const std::string& where) {
  if (const auto length = dbn_metadata_bytes(bytes, where); !length) {
    return std::unexpected(length.error());
  }
  Fields fields(bytes);
  DbnMetadata out;
  fields.skip(3);
  out.version = fields.number<std::uint8_t>();
  fields.skip(4);
  out.dataset = fields.text(dataset_bytes);
  out.schema = static_cast<dbn::Schema>(fields.number<std::uint16_t>());
  out.start = fields.number<std::uint64_t>();
  out.end = fields.number<std::uint64_t>();
  out.limit = fields.number<std::uint64_t>();
  if (out.version == 1) fields.skip(8);  // record count, never known
  out.stype_in = fields.number<std::uint8_t>();
  out.stype_out = fields.number<std::uint8_t>();
  out.has_ts_out = fields.number<std::uint8_t>() != 0;
  std::size_t symbol_bytes = dbn::symbol_bytes_v1;
  if (out.version > 1) symbol_bytes = fields.number<std::uint16_t>();
  if (symbol_bytes == 0 || symbol_bytes > 1024) {
    return fail(ExitCode::data_damaged, fmt::format("has symbols of {} bytes", symbol_bytes),
                where + ", byte 53");
  }
  fields.skip(dbn::prefix_bytes + dbn::metadata_fixed_bytes - fields.at());
  fields.skip(fields.number<std::uint32_t>());  // a schema definition, which nobody writes
  out.symbols = fields.texts(symbol_bytes);
  out.partial = fields.texts(symbol_bytes);
  out.not_found = fields.texts(symbol_bytes);
  const auto mappings = fields.number<std::uint32_t>();
  if (fields.fits(mappings, symbol_bytes + 4)) out.mappings.resize(mappings);
  for (DbnMapping& mapping : out.mappings) {
    mapping.raw_symbol = fields.text(symbol_bytes);
    const auto intervals = fields.number<std::uint32_t>();
    if (!fields.fits(intervals, symbol_bytes + 8)) break;
    mapping.intervals.resize(intervals);
    for (DbnMapping::Interval& interval : mapping.intervals) {
      interval.start_date = fields.number<std::uint32_t>();
      interval.end_date = fields.number<std::uint32_t>();
      interval.symbol = fields.text(symbol_bytes);
    }
  }
  if (!fields.ok()) {
    return fail(ExitCode::data_damaged, "has metadata that are cut short",
                fmt::format("{}, byte {}", where, fields.at()));
  }
  return out;
}

std::uint32_t dbn_date(std::int64_t time_ns) {
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(time_ns)));
  const std::chrono::year_month_day date(day);
  return static_cast<std::uint32_t>(static_cast<int>(date.year())) * 10'000 +
         static_cast<unsigned>(date.month()) * 100 + static_cast<unsigned>(date.day());
}

}  // namespace bourse
