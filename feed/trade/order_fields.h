// The fields of an order request in JSON, by their names of docs/PROTOCOL.md.
//   Shape:  text in, text out: decimals and words are read by feed/trade/order_command.h.
//   Owner:  free function; views are valid as long as those of the reader.
//   Errors: the reader's.
#pragma once

#include "feed/trade/field_reader.h"   // FieldReader
#include "feed/trade/order_command.h"  // OrderText

namespace bourse {

// All but operation, client_seq and cl_ord_id, which the answer to a refusal carries too.
void read_order_fields(FieldReader& fields, OrderText& order);

}  // namespace bourse
