// Writes a range of a journal to files in a format that others read.
//   Shape:  two passes over the range: one that surveys it (journal_survey.h), one that writes. The
//           memory does not grow with the range: the books, one transaction, one buffer per open
//           file. Books before the range come from the newest snapshot or from the beginning.
//   Owner:  one thread. The journal may be written meanwhile: the head at the beginning is the end.
//   Errors: an unknown symbol, a range that is not there, a format that has no such table (usage);
//           a value that the format cannot hold (data_damaged, with the sequence); no file is left
//           then. A file that is there is refused (cannot_create) unless it may be replaced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "replay/export/export_files.h"    // ExportSplit, ExportedFile
#include "replay/export/export_format.h"   // ExportFormat, ExportSchema
#include "replay/export/journal_survey.h"  // JournalRange, JournalSurvey
#include "replay/export/row_encoder.h"     // ExportScope
#include "replay/log/log.h"                // Log
#include "replay/result.h"                 // Result

namespace bourse {

struct ExportOptions {
  ExportFormat format = ExportFormat::dbn;
  ExportSchema schema = ExportSchema::mbo;
  JournalRange range;
  std::vector<std::string> symbols;  // empty: all
  bool snapshot = false;             // mbo, definition: what was there before the range, first
  bool pretty = false;               // csv, jsonl
  std::uint64_t size_unit = 1;       // dbn: lots per unit of size
  ExportFiles::Options files;
};

struct ExportProgress {
  std::uint64_t bytes_done;  // of the range, as the journal has it
  std::uint64_t bytes_total;
};

struct ExportReport {
  JournalSurvey survey;
  ExportScope scope;
  std::vector<ExportedFile> files;
  std::uint64_t rows = 0;
  std::uint64_t events = 0;    // public events of the range
  std::uint64_t left_out = 0;  // busts, which no format here has a row for
};

// `go_on` is asked now and then; false ends the export (interrupted) and no file is left.
Result<ExportReport> export_journal(const Log& log, const ExportOptions& options,
                                    const std::function<bool(const ExportProgress&)>& go_on = {});

}  // namespace bourse
