// The entry checks: what can be said about an order from its fields and its instrument alone.
//   Shape:  pure functions, O(1).
//   Units:  ticks, lots.
//   Owner:  any thread.
//   Errors: the first rule that is broken, as a RejectReason; none if the order may go on.
#pragma once

#include "matching/command.h"  // Command, InstrumentBody
#include "matching/types.h"    // RejectReason

namespace bourse {

// Fields out of range: bad_field. Kinds that this engine does not take: unsupported. Then the
// instrument's limits: bad_lot (below quantity_min), max_quantity, price_collar (outside
// price_min .. price_max).
RejectReason check_new_order(const Command& command, const InstrumentBody& instrument);
RejectReason check_amend(const Command& command, const InstrumentBody& instrument);

}  // namespace bourse
