// Recordings whose lines were changed at random, as a whole import: whatever they say, the journal
// that comes out fits its books event by event.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "matching/market_state.h"         // MarketState
#include "replay/import/capture_import.h"  // import_capture
#include "replay/log/log.h"                // Log
#include "tests/fuzz/fuzz_folder.h"        // FuzzFolder

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto venue = static_cast<bourse::CaptureVenue>(data[0] % 3 + 1);
  static const bourse::FuzzFolder folder_of_all("bourse_books_fuzz_");
  const std::filesystem::path& folder = folder_of_all.path;
  const std::filesystem::path file = folder / "any.txt";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
  const auto report = bourse::import_capture(venue, {{file}, folder / "journal", {}, true});
  if (!report) return 0;
  const auto log = bourse::Log::open({.directory = folder / "journal", .read_only = true});
  if (!log) std::abort();
  auto cursor = (*log)->cursor(bourse::Sequence{1});
  bourse::MarketState market;
  while (cursor && cursor->next() == bourse::Cursor::Next::transaction) {
    if (market.apply(cursor->transaction()) != bourse::DepthError::none) std::abort();
  }
  if (market.sequence() != report->last_sequence) std::abort();
  return 0;
}
