// The files an export writes its rows to: one, or one per symbol, day or so many bytes.
//   Shape:  NAME.dbn.zst becomes NAME.BTC-USD.dbn.zst, NAME.2026-11-26.dbn.zst, NAME.0001.dbn.zst.
//           At most files_open_max have a descriptor at a time; the others are parked.
//   Owner:  one thread; scope and encoder must outlive it.
//   Errors: write() and finish() return false, and error() says why. What was not finished is
//           removed with this object.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replay/export/market_rows.h"  // RowSink
#include "replay/export/output_file.h"  // OutputFile
#include "replay/export/row_encoder.h"  // RowEncoder
#include "replay/result.h"              // Error

namespace bourse {

enum class ExportSplit : std::uint8_t { none = 0, symbol = 1, day = 2, size = 3 };

struct ExportedFile {
  std::filesystem::path path;
  std::uint64_t rows = 0;
  Sequence first{0};
  Sequence last{0};
};

class ExportFiles final : public RowSink {
 public:
  static constexpr std::size_t files_open_max = 64;

  struct Options {
    std::filesystem::path path;
    ExportSplit split = ExportSplit::none;
    std::uint64_t split_bytes = std::uint64_t{1} << 30;  // by size: before compression
    bool replace = false;
  };

  ExportFiles(Options options, const ExportScope& scope, RowEncoder& encoder)
      : options_(std::move(options)), scope_(scope), encoder_(encoder) {}

  bool write(const RowRef& row) override;
  // Without rows one file is made all the same, unless they would have been split.
  bool finish();

  const Error& error() const { return error_; }
  // After finish(), by name.
  const std::vector<ExportedFile>& files() const { return done_; }
  std::uint64_t rows() const { return rows_; }

 private:
  struct File {
    std::unique_ptr<OutputFile> output;
    ExportedFile summary;
    std::uint64_t used = 0;  // when, in rows
  };

  std::uint64_t key_of(const RowHead& head) const;
  std::filesystem::path path_of(std::uint64_t key) const;
  File* open(std::uint64_t key);
  bool make_room();
  bool finish(File& file);

  const Options options_;
  const ExportScope& scope_;
  RowEncoder& encoder_;
  std::map<std::uint64_t, File> files_;  // by key: symbol id, day, number; 0 without a split
  File* current_ = nullptr;
  std::uint64_t current_key_ = 0;
  std::uint64_t parts_ = 1;
  std::size_t open_count_ = 0;
  std::uint64_t rows_ = 0;
  std::vector<ExportedFile> done_;
  Error error_;
};

}  // namespace bourse
