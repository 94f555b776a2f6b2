// Turns rows into the bytes of a file: one encoder per export, shared by all of its files.
//   Shape:  begin() writes the head of a file, encode() one row, head() the final head of a format
//           that can only say at the end how many rows there are.
//   Owner:  one thread; the scope must outlive it.
//   Errors: encode() returns false for a value that the format cannot hold, and error() names the
//           sequence; nothing is ever clipped.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "matching/command.h"             // InstrumentBody
#include "matching/types.h"               // Sequence, TimeNs, SymbolId
#include "replay/export/export_format.h"  // ExportFormat, ExportSchema
#include "replay/export/market_rows.h"    // RowRef
#include "replay/result.h"                // Error

namespace bourse {

struct ExportInstrument {
  SymbolId symbol{0};
  Sequence defined{0};  // where it was defined, or the snapshot that knows it
  InstrumentBody body{};
};

// What all files of an export have in common.
struct ExportScope {
  ExportFormat format = ExportFormat::csv;
  ExportSchema schema = ExportSchema::mbo;
  bool pretty = false;          // texts: decimal prices and sizes, ISO times
  std::uint64_t size_unit = 1;  // dbn: lots per unit of size
  TimeNs first_time{0};
  TimeNs last_time{0};
  std::vector<ExportInstrument> instruments;  // wanted ones, by symbol id

  const ExportInstrument* find(SymbolId symbol) const;
};

class RowEncoder {
 public:
  explicit RowEncoder(const ExportScope& scope) : scope_(scope) {}
  RowEncoder(const RowEncoder&) = delete;
  RowEncoder& operator=(const RowEncoder&) = delete;
  virtual ~RowEncoder() = default;

  // `instruments`: those of this file.
  virtual void begin(std::span<const ExportInstrument> instruments, std::string& out) = 0;
  virtual bool encode(const RowRef& row, std::string& out) = 0;
  // Empty: begin() has said all.
  virtual std::string head(std::uint64_t) const { return {}; }

  const Error& error() const { return error_; }

 protected:
  bool refuse(const RowHead& head, std::string what, std::string next);

  const ExportScope& scope_;

 private:
  Error error_;
};

std::unique_ptr<RowEncoder> make_row_encoder(const ExportScope& scope);

}  // namespace bourse
