// The directory of an ITCH day: which stock a locate number means, and which stocks are wanted.
//   Shape:  one array over all 65,536 locate numbers; symbol ids dense from 1 in the order in which
//           wanted stocks are listed.
//   Units:  instruments in ticks of 1e-4 dollars and lots of one share.
//   Owner:  one thread.
//   Errors: none; a locate that was never listed has the symbol id 0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "matching/command.h"         // InstrumentBody
#include "matching/types.h"           // SymbolId
#include "replay/itch/itch_fields.h"  // Stock

namespace bourse {

// The instrument that a stock becomes; the same for every stock but its name.
InstrumentBody itch_instrument(std::string_view stock);

class ItchDirectory {
 public:
  // Without names every stock is wanted.
  explicit ItchDirectory(std::vector<std::string> wanted = {});

  struct Listing {
    SymbolId symbol;  // 0 = not wanted
    bool is_new;      // false: the locate has been listed before
  };
  Listing list(std::uint16_t locate, const itch::Stock& stock);

  bool is_listed(std::uint16_t locate) const { return symbols_[locate] != unlisted; }
  // 0 = not listed, or not wanted.
  SymbolId symbol(std::uint16_t locate) const {
    const std::uint32_t symbol = symbols_[locate];
    return SymbolId{symbol >= unwanted ? 0 : symbol};
  }
  std::uint32_t symbol_count() const { return static_cast<std::uint32_t>(names_.size()); }
  const std::string& name(SymbolId symbol) const { return names_[symbol.value() - 1]; }
  // Wanted, but not listed so far.
  std::vector<std::string> missing() const;

 private:
  static constexpr std::uint32_t unwanted = 0xfffffffe;
  static constexpr std::uint32_t unlisted = 0xffffffff;

  std::vector<std::string> wanted_;
  std::vector<std::string> names_;
  std::vector<std::uint32_t> symbols_;  // by locate
};

}  // namespace bourse
