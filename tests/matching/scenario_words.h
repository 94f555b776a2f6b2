// The words of scenarios for the enumerations of the engine.
#pragma once

#include <string>

#include "matching/event.h"  // RejectReason, CancelReason

namespace bourse {

inline std::string word(RejectReason reason) {
  switch (reason) {
    case RejectReason::none:
      return "none";
    case RejectReason::unknown_instrument:
      return "unknown_instrument";
    case RejectReason::bad_lot:
      return "bad_lot";
    case RejectReason::max_quantity:
      return "max_quantity";
    case RejectReason::price_collar:
      return "price_collar";
    case RejectReason::would_cross:
      return "would_cross";
    case RejectReason::unknown_order:
      return "unknown_order";
    case RejectReason::duplicate_client_sequence:
      return "duplicate_client_sequence";
    case RejectReason::expired_valid_until:
      return "expired_valid_until";
    case RejectReason::no_liquidity:
      return "no_liquidity";
    case RejectReason::unsupported:
      return "unsupported";
    case RejectReason::bad_field:
      return "bad_field";
    case RejectReason::book_full:
      return "book_full";
    case RejectReason::duplicate_order_id:
      return "duplicate_order_id";
    case RejectReason::unknown_account:
      return "unknown_account";
    case RejectReason::instrument_exists:
      return "instrument_exists";
    case RejectReason::bad_instrument:
      return "bad_instrument";
    default:
      return "reason " + std::to_string(static_cast<int>(reason));
  }
}

inline std::string word(Side side) { return side == Side::buy ? "buy" : "sell"; }

inline std::string word(CancelReason reason) {
  switch (reason) {
    case CancelReason::requested:
      return "requested";
    case CancelReason::amended:
      return "amended";
    default:
      return "reason " + std::to_string(static_cast<int>(reason));
  }
}

}  // namespace bourse
