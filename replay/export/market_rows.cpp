#include "replay/export/market_rows.h"

namespace bourse {

const RowHead& head_of(const RowRef& row) {
  return std::visit([](const auto* r) -> const RowHead& { return r->head; }, row);
}

}  // namespace bourse
