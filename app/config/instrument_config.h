// From a symbol as the configuration writes it to an instrument as the engine takes it, exactly.
//   Shape:  decimals become ticks and lots; what is not a multiple is refused, never rounded.
//   Owner:  free function, at start.
//   Errors: Error with the symbol, the key, the text and a remedy; ExitCode::bad_config.
#pragma once

#include <vector>

#include "app/config/config.h"  // SymbolConfig
#include "matching/command.h"   // InstrumentBody
#include "replay/result.h"      // Result

namespace bourse {

Result<InstrumentBody> instrument_of(const SymbolConfig& symbol);

// The two symbols of `bourse serve --demo`.
std::vector<SymbolConfig> demo_symbols();

}  // namespace bourse
