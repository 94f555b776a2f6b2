// ITCH 5.0 messages about orders and trades: what builds the book.
//   Shape:  one struct per type; fields() lists the fields behind the header in wire order.
//   Units:  Timestamp: ns since midnight, US Eastern time; Price4: 1e-4 dollars; shares.
//   Owner:  values.
//   Errors: none.
#pragma once

#include <cstdint>
#include <string_view>

#include "replay/itch/itch_fields.h"  // MessageHeader, Price4, Stock, Text

namespace bourse::itch {

struct AddOrder {
  static constexpr char type = 'A';
  static constexpr std::string_view name = "add order";
  MessageHeader header;
  std::uint64_t order_reference_number;
  char buy_sell_indicator;  // B or S
  std::uint32_t shares;
  Stock stock;
  Price4 price;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
    visit("buy_sell_indicator", m.buy_sell_indicator);
    visit("shares", m.shares);
    visit("stock", m.stock);
    visit("price", m.price);
  }
};

struct AddOrderMpid {
  static constexpr char type = 'F';
  static constexpr std::string_view name = "add order mpid";
  MessageHeader header;
  std::uint64_t order_reference_number;
  char buy_sell_indicator;
  std::uint32_t shares;
  Stock stock;
  Price4 price;
  Text<4> attribution;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
    visit("buy_sell_indicator", m.buy_sell_indicator);
    visit("shares", m.shares);
    visit("stock", m.stock);
    visit("price", m.price);
    visit("attribution", m.attribution);
  }
};

// At the order's own price.
struct OrderExecuted {
  static constexpr char type = 'E';
  static constexpr std::string_view name = "order executed";
  MessageHeader header;
  std::uint64_t order_reference_number;
  std::uint32_t executed_shares;
  std::uint64_t match_number;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
    visit("executed_shares", m.executed_shares);
    visit("match_number", m.match_number);
  }
};

struct OrderExecutedWithPrice {
  static constexpr char type = 'C';
  static constexpr std::string_view name = "order executed with price";
  MessageHeader header;
  std::uint64_t order_reference_number;
  std::uint32_t executed_shares;
  std::uint64_t match_number;
  char printable;  // N: part of a cross, printed there
  Price4 execution_price;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
    visit("executed_shares", m.executed_shares);
    visit("match_number", m.match_number);
    visit("printable", m.printable);
    visit("execution_price", m.execution_price);
  }
};

// Takes shares away; the order stays.
struct OrderCancel {
  static constexpr char type = 'X';
  static constexpr std::string_view name = "order cancel";
  MessageHeader header;
  std::uint64_t order_reference_number;
  std::uint32_t cancelled_shares;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
    visit("cancelled_shares", m.cancelled_shares);
  }
};

struct OrderDelete {
  static constexpr char type = 'D';
  static constexpr std::string_view name = "order delete";
  MessageHeader header;
  std::uint64_t order_reference_number;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
  }
};

// The new order keeps side and stock, and queues anew.
struct OrderReplace {
  static constexpr char type = 'U';
  static constexpr std::string_view name = "order replace";
  MessageHeader header;
  std::uint64_t original_order_reference_number;
  std::uint64_t new_order_reference_number;
  std::uint32_t shares;
  Price4 price;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("original_order_reference_number", m.original_order_reference_number);
    visit("new_order_reference_number", m.new_order_reference_number);
    visit("shares", m.shares);
    visit("price", m.price);
  }
};

// An execution of an order that was not displayed.
struct Trade {
  static constexpr char type = 'P';
  static constexpr std::string_view name = "trade";
  MessageHeader header;
  std::uint64_t order_reference_number;
  char buy_sell_indicator;  // of the hidden order
  std::uint32_t shares;
  Stock stock;
  Price4 price;
  std::uint64_t match_number;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("order_reference_number", m.order_reference_number);
    visit("buy_sell_indicator", m.buy_sell_indicator);
    visit("shares", m.shares);
    visit("stock", m.stock);
    visit("price", m.price);
    visit("match_number", m.match_number);
  }
};

struct CrossTrade {
  static constexpr char type = 'Q';
  static constexpr std::string_view name = "cross trade";
  MessageHeader header;
  std::uint64_t shares;
  Stock stock;
  Price4 cross_price;
  std::uint64_t match_number;
  char cross_type;  // O opening, C closing, H halt or IPO

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("shares", m.shares);
    visit("stock", m.stock);
    visit("cross_price", m.cross_price);
    visit("match_number", m.match_number);
    visit("cross_type", m.cross_type);
  }
};

struct BrokenTrade {
  static constexpr char type = 'B';
  static constexpr std::string_view name = "broken trade";
  MessageHeader header;
  std::uint64_t match_number;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("match_number", m.match_number);
  }
};

}  // namespace bourse::itch
