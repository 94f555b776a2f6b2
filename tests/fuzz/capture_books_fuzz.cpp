// Recordings whose lines were changed at random, as a whole import: whatever they say, the journal
// that comes out fits its books event by event.

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "matching/market_state.h"         // MarketState
#include "replay/import/capture_import.h"  // import_capture
#include "replay/log/log.h"                // Log

namespace {

// Of all inputs, for as long as the process lives.
struct Folder {
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // In memory where there is such a place: a journal is made for each input.
  const std::filesystem::path path =
      (std::filesystem::exists("/dev/shm") ? std::filesystem::path("/dev/shm")
                                           : std::filesystem::temp_directory_path()) /
      ("bourse_books_fuzz_" + std::to_string(::getpid()));
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto venue = static_cast<bourse::CaptureVenue>(data[0] % 3 + 1);
  static const Folder folder_of_all;
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
