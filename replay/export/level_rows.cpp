#include "replay/export/level_rows.h"

#include <optional>
#include <unordered_map>

namespace bourse {
namespace {

class LevelRows final : public RowMaker {
 public:
  LevelRows(ExportBooks& books, RowSink& sink) : RowMaker(books, sink) {}

  bool begin(Sequence sequence, TimeNs time) override {
    for (std::uint32_t id = 1; id <= books_.symbol_count(); ++id) {
      const Symbol* const symbol = books_.find(SymbolId{id});
      if (symbol == nullptr || !symbol->is_wanted) continue;
      for (const Side side : {Side::buy, Side::sell}) {
        std::vector<DepthLevel> levels(symbol->book.level_count(side));
        symbol->book.levels(side, levels);
        for (const DepthLevel& level : levels) {
          const RowHead head{sequence, time, SymbolId{id}};
          totals(head.symbol, side)[level.price] = level.quantity;
          if (!tell(head, side, level.price, true)) return false;
        }
      }
    }
    return true;
  }

 private:
  using Totals = std::unordered_map<PriceTicks, QuantityLots>;

  bool add_event(const PublicEvent& event, Symbol& symbol, const RowHead& head,
                 const TransactionView&) override {
    if (event.kind == EventKind::clear) return clear(event, symbol, head);
    // Where the order stood before and where it stands after the event.
    const std::optional<DepthOrder> before = symbol.book.find(event.order_id);
    if (!apply(event, symbol, head.sequence)) return false;
    const std::optional<DepthOrder> after = symbol.book.find(event.order_id);
    if (event.kind == EventKind::trade || (!before && !after)) return true;
    if (before) totals(head.symbol, before->side)[before->price] -= before->quantity;
    if (after) totals(head.symbol, after->side)[after->price] += after->quantity;
    if (before && !(after && after->price == before->price)) {
      if (!tell(head, before->side, before->price, false)) return false;
    }
    return !after || tell(head, after->side, after->price, false);
  }

  bool clear(const PublicEvent& event, Symbol& symbol, const RowHead& head) {
    for (const Side side : {Side::buy, Side::sell}) {
      std::vector<DepthLevel> levels(symbol.book.level_count(side));
      symbol.book.levels(side, levels);
      for (const DepthLevel& level : levels) {
        totals(head.symbol, side)[level.price] = QuantityLots{0};
        if (!tell(head, side, level.price, false)) return false;
      }
    }
    return apply(event, symbol, head.sequence);
  }

  Totals& totals(SymbolId symbol, Side side) {
    const std::size_t at = std::size_t{2} * symbol.value() + (side == Side::buy ? 0 : 1);
    if (totals_.size() <= at) totals_.resize(at + 1);
    return totals_[at];
  }

  bool tell(const RowHead& head, Side side, PriceTicks ticks, bool is_snapshot) {
    Totals& levels = totals(head.symbol, side);
    const auto found = levels.find(ticks);
    LevelRow row{head, side, PriceE9{0}, found->second, is_snapshot};
    if (!found->second) levels.erase(found);
    return price(*books_.find(head.symbol), ticks, head, row.price) && sink_.write(&row);
  }

  std::vector<Totals> totals_;  // by symbol id and side
};

}  // namespace

std::unique_ptr<RowMaker> make_level_rows(ExportBooks& books, RowSink& sink) {
  return std::make_unique<LevelRows>(books, sink);
}

}  // namespace bourse
