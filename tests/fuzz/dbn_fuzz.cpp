// Any bytes at the DBN reader and what is made of its records: no read outside them, every record
// within the file, and books that only ever take what fits them. Metadata that are read are the
// same when they are written and read again.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "replay/dbn/dbn_metadata.h"   // parse_dbn_metadata
#include "replay/dbn/dbn_reader.h"     // DbnReader
#include "replay/import/dbn_import.h"  // import_dbn
#include "tests/fuzz/fuzz_folder.h"    // FuzzFolder

namespace {

void check_metadata(std::span<const std::byte> bytes) {
  const auto metadata = bourse::parse_dbn_metadata(bytes, "fuzz");
  if (!metadata) return;
  for (const auto& symbol : metadata->symbols) {
    if (symbol.size() >= bourse::dbn::symbol_bytes) return;  // ours are shorter
  }
  if (!metadata->partial.empty() || !metadata->not_found.empty() || !metadata->mappings.empty()) {
    return;
  }
  std::string written;
  bourse::append_dbn_metadata(*metadata, written);
  const auto again = bourse::parse_dbn_metadata(std::as_bytes(std::span(written)), "again");
  if (!again || again->symbols != metadata->symbols || again->dataset != metadata->dataset ||
      again->start != metadata->start || again->schema != metadata->schema) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_metadata(std::as_bytes(std::span(data, size)));
  static const bourse::FuzzFolder folder_of_all("bourse_dbn_fuzz_");
  const std::filesystem::path& folder = folder_of_all.path;
  const std::filesystem::path file = folder / "any.dbn";
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto reader = bourse::DbnReader::open(file);
  std::uint64_t records = 0;
  if (reader) {
    while ((*reader)->next() == bourse::DbnReader::Next::record) {
      const std::size_t bytes = (*reader)->record().size();
      if (bytes != std::size_t{4} * (*reader)->header().length || bytes < 16) std::abort();
      ++records;
    }
  }
  // A journal costs files: only for what has something in it.
  if (records > 0) {
    const auto report = bourse::import_dbn({{file}, folder / "journal", {}, true});
    if (report && report->messages > records) std::abort();
  }
  return 0;
}
