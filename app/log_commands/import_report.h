// What an import has found, in words: for people and for programs.
//   Shape:   whole texts with their final newline. The JSON's members are stable.
//   Units:   prices in dollars with four decimals, quantities in shares.
//   Owner:   any thread.
//   Errors:  none.
#pragma once

#include <string>

#include "replay/import/itch_import.h"     // ItchImportReport
#include "replay/import/lobster_import.h"  // LobsterImportReport

namespace bourse {

// Counts per message type, the checks, and the books of the 20 busiest stocks at the end.
std::string import_table(const ItchImportReport& report, const std::string& file,
                         const std::string& journal, double seconds);
// The same with the books of all stocks, as one JSON object on one line.
std::string import_json(const ItchImportReport& report, const std::string& file,
                        const std::string& journal, double seconds);

// The same of LOBSTER's files: how many rows are explained, and what is not in the messages.
std::string lobster_table(const LobsterImportReport& report, const std::string& file,
                          const std::string& journal, double seconds);
std::string lobster_json(const LobsterImportReport& report, const std::string& file,
                         const std::string& journal, double seconds);

}  // namespace bourse
