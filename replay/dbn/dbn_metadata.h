// The metadata at the head of a DBN file: what is in it, and which instrument id is which symbol.
//   Shape:  written as version 3, read as versions 1 to 3; layout in docs/DATA.md.
//   Units:  ns since the Unix epoch; dates as YYYYMMDD.
//   Owner:  a value.
//   Errors: parse_dbn_metadata() says what is wrong and at which byte; it never reads past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "replay/dbn/dbn_format.h"  // dbn::Schema
#include "replay/result.h"          // Result

namespace bourse {

struct DbnMapping {
  struct Interval {
    std::uint32_t start_date;
    std::uint32_t end_date;  // exclusive
    std::string symbol;      // what the raw symbol means then: an instrument id in decimal
  };
  std::string raw_symbol;
  std::vector<Interval> intervals;
};

struct DbnMetadata {
  std::uint8_t version = dbn::version;
  std::string dataset;
  dbn::Schema schema = dbn::Schema::mbo;
  std::uint64_t start = 0;
  std::uint64_t end = dbn::time_undefined;
  std::uint64_t limit = 0;
  std::uint8_t stype_in = 0;
  std::uint8_t stype_out = 0;
  bool has_ts_out = false;
  std::vector<std::string> symbols;
  std::vector<std::string> partial;
  std::vector<std::string> not_found;
  std::vector<DbnMapping> mappings;
};

// REQUIRES: texts shorter than dbn::symbol_bytes, the dataset at most 16 bytes.
void append_dbn_metadata(const DbnMetadata& metadata, std::string& out);

// What comes before the metadata: magic, version and length; how many bytes the metadata has.
Result<std::uint32_t> dbn_metadata_bytes(std::span<const std::byte> prefix,
                                         const std::string& where);
// `bytes`: prefix and metadata.
Result<DbnMetadata> parse_dbn_metadata(std::span<const std::byte> bytes, const std::string& where);

// The UTC date of a time as YYYYMMDD.
std::uint32_t dbn_date(std::int64_t time_ns);

}  // namespace bourse
