// ITCH 5.0 messages about the system, the stocks, their states and auctions.
//   Shape:  one struct per type; fields() lists the fields behind the header in wire order.
//   Units:  Timestamp: ns since midnight, US Eastern time; Price4: 1e-4 dollars; shares.
//   Owner:  values.
//   Errors: none.
#pragma once

#include <cstdint>
#include <string_view>

#include "replay/itch/itch_fields.h"  // MessageHeader, Price4, Stock, Text

namespace bourse::itch {

struct SystemEvent {
  static constexpr char type = 'S';
  static constexpr std::string_view name = "system event";
  MessageHeader header;
  char event_code;  // O S Q M E C: start and end of messages, system and market hours

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("event_code", m.event_code);
  }
};

struct StockDirectory {
  static constexpr char type = 'R';
  static constexpr std::string_view name = "stock directory";
  MessageHeader header;
  Stock stock;
  char market_category;
  char financial_status_indicator;
  std::uint32_t round_lot_size;
  char round_lots_only;
  char issue_classification;
  Text<2> issue_sub_type;
  char authenticity;  // P = live, T = test
  char short_sale_threshold_indicator;
  char ipo_flag;
  char luld_reference_price_tier;
  char etp_flag;
  std::uint32_t etp_leverage_factor;
  char inverse_indicator;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("market_category", m.market_category);
    visit("financial_status_indicator", m.financial_status_indicator);
    visit("round_lot_size", m.round_lot_size);
    visit("round_lots_only", m.round_lots_only);
    visit("issue_classification", m.issue_classification);
    visit("issue_sub_type", m.issue_sub_type);
    visit("authenticity", m.authenticity);
    visit("short_sale_threshold_indicator", m.short_sale_threshold_indicator);
    visit("ipo_flag", m.ipo_flag);
    visit("luld_reference_price_tier", m.luld_reference_price_tier);
    visit("etp_flag", m.etp_flag);
    visit("etp_leverage_factor", m.etp_leverage_factor);
    visit("inverse_indicator", m.inverse_indicator);
  }
};

struct StockTradingAction {
  static constexpr char type = 'H';
  static constexpr std::string_view name = "stock trading action";
  MessageHeader header;
  Stock stock;
  char trading_state;  // H halted, P paused, Q quotation only, T trading
  char reserved;
  Text<4> reason;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("trading_state", m.trading_state);
    visit("reserved", m.reserved);
    visit("reason", m.reason);
  }
};

struct RegShoRestriction {
  static constexpr char type = 'Y';
  static constexpr std::string_view name = "reg sho restriction";
  MessageHeader header;
  Stock stock;
  char reg_sho_action;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("reg_sho_action", m.reg_sho_action);
  }
};

struct MarketParticipantPosition {
  static constexpr char type = 'L';
  static constexpr std::string_view name = "market participant position";
  MessageHeader header;
  Text<4> mpid;
  Stock stock;
  char primary_market_maker;
  char market_maker_mode;
  char market_participant_state;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("mpid", m.mpid);
    visit("stock", m.stock);
    visit("primary_market_maker", m.primary_market_maker);
    visit("market_maker_mode", m.market_maker_mode);
    visit("market_participant_state", m.market_participant_state);
  }
};

// Market-wide circuit breaker.
struct MwcbDeclineLevel {
  static constexpr char type = 'V';
  static constexpr std::string_view name = "mwcb decline level";
  MessageHeader header;
  Price8 level_1;
  Price8 level_2;
  Price8 level_3;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("level_1", m.level_1);
    visit("level_2", m.level_2);
    visit("level_3", m.level_3);
  }
};

struct MwcbStatus {
  static constexpr char type = 'W';
  static constexpr std::string_view name = "mwcb status";
  MessageHeader header;
  char breached_level;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("breached_level", m.breached_level);
  }
};

struct IpoQuotingPeriodUpdate {
  static constexpr char type = 'K';
  static constexpr std::string_view name = "ipo quoting period update";
  MessageHeader header;
  Stock stock;
  std::uint32_t ipo_quotation_release_time;  // seconds since midnight
  char ipo_quotation_release_qualifier;
  Price4 ipo_price;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("ipo_quotation_release_time", m.ipo_quotation_release_time);
    visit("ipo_quotation_release_qualifier", m.ipo_quotation_release_qualifier);
    visit("ipo_price", m.ipo_price);
  }
};

struct LuldAuctionCollar {
  static constexpr char type = 'J';
  static constexpr std::string_view name = "luld auction collar";
  MessageHeader header;
  Stock stock;
  Price4 auction_collar_reference_price;
  Price4 upper_auction_collar_price;
  Price4 lower_auction_collar_price;
  std::uint32_t auction_collar_extension;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("auction_collar_reference_price", m.auction_collar_reference_price);
    visit("upper_auction_collar_price", m.upper_auction_collar_price);
    visit("lower_auction_collar_price", m.lower_auction_collar_price);
    visit("auction_collar_extension", m.auction_collar_extension);
  }
};

struct OperationalHalt {
  static constexpr char type = 'h';
  static constexpr std::string_view name = "operational halt";
  MessageHeader header;
  Stock stock;
  char market_code;              // Q, B or X
  char operational_halt_action;  // H halted, T resumed

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("market_code", m.market_code);
    visit("operational_halt_action", m.operational_halt_action);
  }
};

struct NetOrderImbalanceIndicator {
  static constexpr char type = 'I';
  static constexpr std::string_view name = "net order imbalance indicator";
  MessageHeader header;
  std::uint64_t paired_shares;
  std::uint64_t imbalance_shares;
  char imbalance_direction;
  Stock stock;
  Price4 far_price;
  Price4 near_price;
  Price4 current_reference_price;
  char cross_type;
  char price_variation_indicator;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("paired_shares", m.paired_shares);
    visit("imbalance_shares", m.imbalance_shares);
    visit("imbalance_direction", m.imbalance_direction);
    visit("stock", m.stock);
    visit("far_price", m.far_price);
    visit("near_price", m.near_price);
    visit("current_reference_price", m.current_reference_price);
    visit("cross_type", m.cross_type);
    visit("price_variation_indicator", m.price_variation_indicator);
  }
};

struct RetailPriceImprovementIndicator {
  static constexpr char type = 'N';
  static constexpr std::string_view name = "retail price improvement indicator";
  MessageHeader header;
  Stock stock;
  char interest_flag;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("interest_flag", m.interest_flag);
  }
};

struct DirectListingWithCapitalRaise {
  static constexpr char type = 'O';
  static constexpr std::string_view name = "direct listing with capital raise";
  MessageHeader header;
  Stock stock;
  char open_eligibility_status;
  Price4 minimum_allowable_price;
  Price4 maximum_allowable_price;
  Price4 near_execution_price;
  std::uint64_t near_execution_time;
  Price4 lower_price_range_collar;
  Price4 upper_price_range_collar;

  template <class Self, class Visitor>
  static constexpr void fields(Self& m, Visitor& visit) {
    visit("stock", m.stock);
    visit("open_eligibility_status", m.open_eligibility_status);
    visit("minimum_allowable_price", m.minimum_allowable_price);
    visit("maximum_allowable_price", m.maximum_allowable_price);
    visit("near_execution_price", m.near_execution_price);
    visit("near_execution_time", m.near_execution_time);
    visit("lower_price_range_collar", m.lower_price_range_collar);
    visit("upper_price_range_collar", m.upper_price_range_collar);
  }
};

}  // namespace bourse::itch
