// The image of an engine: all that its later behaviour depends on, as plain records, and nothing of
// how it is kept in memory. Snapshots are made of these.
//   Shape:  arrays of fixed records, little-endian, every byte of them assigned. What follows from
//           other fields (totals, links, hashes, heaps) is made anew when it is loaded.
//   Units:  ticks, lots, nanoseconds.
//   Owner:  a value.
//   Errors: Engine::load() says what contradicts itself; it believes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "matching/command.h"  // InstrumentBody, RulesBody, ClientOrderId
#include "matching/engine.h"   // EngineLimits
#include "matching/types.h"    // Sequence, TimeNs, ...

namespace bourse {

struct EngineCounters {
  Sequence sequence;          // of the last command
  TimeNs time;                // of the last command
  MatchId match_id;           // of the last match
  std::uint32_t symbols_max;  // the rules in force
  std::uint32_t accounts_max;
  std::uint32_t orders_max;
  std::uint32_t accounts_counted;  // highest account number of any epoch
  std::uint64_t has_epoch;         // 0 or 1
  std::uint64_t hash_orders;       // the words of StateHash
  std::uint64_t hash_accounts;
  std::uint64_t hash_symbols;
  std::uint64_t hash_instruments;
  std::uint64_t hash_epochs;
  std::uint64_t hash_administration;
  std::uint64_t hash_trades;
};
static_assert(sizeof(EngineCounters) == 104 && offsetof(EngineCounters, hash_orders) == 48);

// A symbol: its definition, its rules, and what its market does at present (matching/trading.h).
struct SymbolImage {
  InstrumentBody instrument;
  RulesBody rules;
  RptSequence rpt_sequence;
  TimeNs due_at;  // of its timer; 0 = none
  TimeNs change_at;
  TimeNs resume_change_at;
  TimeNs indicative_at;
  PriceTicks last_trade;
  PriceTicks trade_low;
  PriceTicks trade_high;
  PriceTicks peg_bid;
  PriceTicks peg_ask;
  PriceTicks uncross_price;
  PriceTicks told_price;
  QuantityLots told_quantity;
  QuantityLots told_surplus;
  Phase phase;
  Phase next_phase;
  Phase phase_after_uncross;
  Phase resume_next_phase;
  std::uint8_t sweep;  // 0 none, 1 day orders, 2 all orders
  Side sweep_side;
  MassCancelCause sweep_cause;
  Side told_side;
  std::uint8_t is_uncrossing;  // 0 or 1, here and below
  std::uint8_t is_settling;
  std::uint8_t is_delisted;
  std::uint8_t pegs_stand;
  std::uint8_t reserved_[4];
};
static_assert(sizeof(SymbolImage) == 352 && offsetof(SymbolImage, rpt_sequence) == 224);
static_assert(offsetof(SymbolImage, phase) == 336);

// An account that differs from one of which nothing was ever heard.
struct AccountImage {
  ClientSequence client_sequence;
  ExecSequence exec_sequence;
  QuantityLots quantity_max;
  std::uint64_t notional_max;
  QuantityLots position_max;
  std::uint64_t tokens_e9;
  TimeNs tokens_at;
  TimeNs dead_man_at;  // 0 = not armed
  AccountId account;
  std::uint32_t open_orders_max;
  std::uint32_t orders_per_second;
  std::uint32_t orders_burst;
  GroupId sweep_group;
  SessionId sweep_session;
  SymbolId sweep_symbol;
  GroupId dead_man_group;
  SessionId dead_man_session;
  AccountStatus status;
  Side sweep_side;
  MassCancelCause sweep_cause;
  std::uint8_t sweep_on_disconnect_only;  // 0 or 1, here and below
  std::uint8_t is_limited;
  std::uint8_t tracks_positions;
  std::uint8_t reserved_[6];
};
static_assert(sizeof(AccountImage) == 112 && offsetof(AccountImage, account) == 64);
static_assert(offsetof(AccountImage, status) == 100);

struct PositionImage {
  std::int64_t net;  // bought less sold
  AccountId account;
  SymbolId symbol;
};
static_assert(sizeof(PositionImage) == 16);

struct OrderImage {
  OrderId order_id;
  QuantityLots leaves;   // open and matched next: the displayed part of an iceberg, else all
  QuantityLots reserve;  // open behind it
  QuantityLots filled;
  ClientSequence client_sequence;
  std::uint64_t priority;  // lower is older; within a queue, its order
  PriceTicks price;        // limit or protection; no_price: any
  PriceTicks stop_price;   // or distance
  QuantityLots display_quantity;
  TimeNs expire_at;
  PriceTicks extreme;  // trailing stop: best trade since it came
  PriceTicks place;    // where it rests, or waits to be triggered; no_price: nowhere
  AccountId account;
  GroupId group;
  SessionId session;
  SymbolId symbol;
  std::uint32_t follows_as;  // trailing stops and pegs: place in the list of the symbol, from 1
  Side side;
  OrderType type;
  TimeInForce time_in_force;
  std::uint8_t flags;  // order_flags::...
  SelfTradePrevention self_trade_prevention;
  PegReference peg;         // pegged orders only
  std::uint8_t is_waiting;  // a stop that has not been triggered
  std::uint8_t reserved_[5];
  ClientOrderId client_order_id;
};
static_assert(sizeof(OrderImage) == 168 && offsetof(OrderImage, account) == 96);
static_assert(offsetof(OrderImage, side) == 116 && offsetof(OrderImage, client_order_id) == 128);

static_assert(std::is_trivially_copyable_v<EngineCounters> &&
              std::is_trivially_copyable_v<SymbolImage> &&
              std::is_trivially_copyable_v<AccountImage> &&
              std::is_trivially_copyable_v<PositionImage> &&
              std::is_trivially_copyable_v<OrderImage>);

struct EngineImage {
  EngineCounters counters{};
  std::vector<SymbolImage> symbols;      // by id
  std::vector<AccountImage> accounts;    // by number
  std::vector<PositionImage> positions;  // by account and symbol
  std::vector<OrderImage> orders;        // by account, oldest first
  std::vector<SymbolId> pending;         // symbols with unfinished work, oldest first
  std::vector<AccountId> sweeping;       // accounts with an unfinished mass cancel, oldest first
  std::vector<MatchId> busted_trades;    // ascending

  // The least that an engine must have to load it.
  EngineLimits limits() const;
};

}  // namespace bourse
