// What an export says about itself: PATH.manifest.json.
//   Shape:   one JSON object: journal, format, schema, range, counts, instruments with their ticks
//            and lots, and each file with its rows, sequences, bytes and SHA-256. 64-bit sequences
//            and times are numbers; docs/DATA.md has the members.
//   Owner:   any thread; reads every file once more.
//   Errors:  a file that cannot be read again.
#pragma once

#include <string>

#include "replay/export/journal_export.h"  // ExportReport
#include "replay/log/log.h"                // Log
#include "replay/result.h"                 // Result

namespace bourse {

Result<std::string> export_manifest(const ExportReport& report, const Log& log);

// The SHA-256 of a file in hexadecimal and its size.
struct FileDigest {
  std::string sha256;
  std::uint64_t bytes = 0;
};
Result<FileDigest> file_digest(const std::filesystem::path& path);

}  // namespace bourse
