// The two ends of a segment by themselves: what SegmentReader asks for together, one by one, for
// those who go on when one of them is damaged.
//   Owner:  pure functions on an open file.
//   Errors: damaged, foreign, of another version: each with file and bytes.
#pragma once

#include <filesystem>

#include "replay/disk/directory.h"  // SegmentName
#include "replay/disk/disk.h"       // DiskFile
#include "replay/log/log_format.h"  // SegmentHeader, SegmentFooter
#include "replay/result.h"          // Result

namespace bourse {

// The header at the start, if it is sound and of a version that can be read. Whether the file has
// the right name is another question: check_name().
Result<SegmentHeader> read_header(const DiskFile& file, const std::filesystem::path& path);
Result<void> check_name(const SegmentHeader& header, const std::filesystem::path& path,
                        const SegmentName& name);

// The footer at the end of a sealed segment, if it is sound and fits the file.
Result<SegmentFooter> read_footer(const DiskFile& file, const std::filesystem::path& path,
                                  const SegmentHeader& header);

}  // namespace bourse
