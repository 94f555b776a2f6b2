// What the exchange itself asks of the engine at a start, after the instruments are defined.
//   Shape:  commands as values, from the configuration and from what was recovered; only what
//           differs from what the log already says.
//   Units:  decimals of the configuration become ticks and nanoseconds, exactly or not at all.
//   Owner:  free functions, main thread, before the others run.
//   Errors: Error with the symbol, the key, the text and a remedy; ExitCode::bad_config.
#pragma once

#include <vector>

#include "app/config/config.h"  // SymbolConfig
#include "matching/command.h"   // Command, RulesBody
#include "matching/engine.h"    // Engine
#include "replay/result.h"      // Result

namespace bourse {

// The trading rules that the configuration gives a symbol.
Result<RulesBody> rules_of(const SymbolConfig& symbol, const InstrumentBody& instrument);

// A set_rules command for each symbol whose rules have changed.
Result<std::vector<Command>> rule_changes(const std::vector<SymbolConfig>& symbols,
                                          const Engine& engine);

// Has nothing changed but what an administrator may change of a defined instrument?
bool differ_in_limits_only(const InstrumentBody& a, const InstrumentBody& b);

// Sessions do not survive a restart: a mass cancel for each account with orders that asked to end
// with theirs.
std::vector<Command> ends_of_lost_sessions(const Engine& engine);

}  // namespace bourse
