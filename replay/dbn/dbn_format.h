// Databento Binary Encoding (DBN): the structs of version 3 and what a reader needs of 1 and 2.
//   Shape:  a metadata header, then records; every record begins with its length in words of 4
//           bytes. Offsets and sizes are asserted; docs/DATA.md says which field has what of ours.
//   Units:  prices 1e-9, times ns, sizes in whatever the instrument's definition says.
//   Owner:  plain structs, images of the file.
//   Errors: none; the readers judge.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace bourse::dbn {

inline constexpr std::uint8_t version = 3;
inline constexpr std::size_t word_bytes = 4;  // unit of RecordHeader::length
inline constexpr std::size_t record_bytes_max = 255 * word_bytes;
inline constexpr std::size_t symbol_bytes = 71;     // versions 2 and 3, with its final zero
inline constexpr std::size_t symbol_bytes_v1 = 22;  // version 1
inline constexpr std::size_t metadata_fixed_bytes = 100;
inline constexpr std::size_t prefix_bytes = 8;  // "DBN", version, length

inline constexpr std::int64_t price_undefined = std::numeric_limits<std::int64_t>::max();
inline constexpr std::uint32_t size_undefined = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint64_t time_undefined = std::numeric_limits<std::uint64_t>::max();

enum class Schema : std::uint16_t {
  mbo = 0,
  mbp_1 = 1,
  mbp_10 = 2,
  tbbo = 3,
  trades = 4,
  ohlcv_1s = 5,
  ohlcv_1m = 6,
  ohlcv_1h = 7,
  ohlcv_1d = 8,
  definition = 9,
  statistics = 10,
  status = 11,
  imbalance = 12,
  bbo_1s = 18,
  mixed = 0xffff,
};

enum class SType : std::uint8_t { instrument_id = 0, raw_symbol = 1, mixed = 255 };

namespace rtype {
inline constexpr std::uint8_t trades = 0x00;
inline constexpr std::uint8_t mbp_1 = 0x01;
inline constexpr std::uint8_t mbp_10 = 0x0a;
inline constexpr std::uint8_t status = 0x12;
inline constexpr std::uint8_t definition = 0x13;
inline constexpr std::uint8_t imbalance = 0x14;
inline constexpr std::uint8_t error = 0x15;
inline constexpr std::uint8_t symbol_mapping = 0x16;
inline constexpr std::uint8_t system = 0x17;
inline constexpr std::uint8_t ohlcv_1s = 0x20;
inline constexpr std::uint8_t ohlcv_1m = 0x21;
inline constexpr std::uint8_t ohlcv_1h = 0x22;
inline constexpr std::uint8_t ohlcv_1d = 0x23;
inline constexpr std::uint8_t mbo = 0xa0;
inline constexpr std::uint8_t bbo_1s = 0xc3;
}  // namespace rtype

struct RecordHeader {
  std::uint8_t length;  // of the whole record, in words
  std::uint8_t rtype;
  std::uint16_t publisher_id;
  std::uint32_t instrument_id;
  std::uint64_t ts_event;
};
static_assert(sizeof(RecordHeader) == 16);

struct Mbo {
  RecordHeader header;
  std::uint64_t order_id;
  std::int64_t price;
  std::uint32_t size;
  std::uint8_t flags;
  std::uint8_t channel_id;
  char action;
  char side;
  std::uint64_t ts_recv;
  std::int32_t ts_in_delta;
  std::uint32_t sequence;
};
static_assert(sizeof(Mbo) == 56 && offsetof(Mbo, flags) == 36 && offsetof(Mbo, ts_recv) == 40);

struct Level {
  std::int64_t bid_px;
  std::int64_t ask_px;
  std::uint32_t bid_sz;
  std::uint32_t ask_sz;
  std::uint32_t bid_ct;
  std::uint32_t ask_ct;
};
static_assert(sizeof(Level) == 32);

struct Trade {
  RecordHeader header;
  std::int64_t price;
  std::uint32_t size;
  char action;
  char side;
  std::uint8_t flags;
  std::uint8_t depth;
  std::uint64_t ts_recv;
  std::int32_t ts_in_delta;
  std::uint32_t sequence;
};
static_assert(sizeof(Trade) == 48 && offsetof(Trade, action) == 28);

template <std::size_t Depth>
struct Mbp {
  Trade trade;
  std::array<Level, Depth> levels;
};
static_assert(sizeof(Mbp<1>) == 80 && sizeof(Mbp<10>) == 368);

struct Bbo {
  RecordHeader header;
  std::int64_t price;
  std::uint32_t size;
  std::uint8_t reserved_;
  char side;
  std::uint8_t flags;
  std::uint8_t reserved2_;
  std::uint64_t ts_recv;
  std::uint32_t reserved3_;
  std::uint32_t sequence;
  Level level;
};
static_assert(sizeof(Bbo) == 80 && offsetof(Bbo, side) == 29 && offsetof(Bbo, sequence) == 44);

struct Ohlcv {
  RecordHeader header;
  std::int64_t open;
  std::int64_t high;
  std::int64_t low;
  std::int64_t close;
  std::uint64_t volume;
};
static_assert(sizeof(Ohlcv) == 56);

struct Status {
  RecordHeader header;
  std::uint64_t ts_recv;
  std::uint16_t action;
  std::uint16_t reason;
  std::uint16_t trading_event;
  char is_trading;
  char is_quoting;
  char is_short_sell_restricted;
  std::array<std::uint8_t, 7> reserved_;
};
static_assert(sizeof(Status) == 40 && offsetof(Status, is_trading) == 30);

struct Definition {
  RecordHeader header;
  std::uint64_t ts_recv;
  std::int64_t min_price_increment;
  std::int64_t display_factor;
  std::uint64_t expiration;
  std::uint64_t activation;
  std::int64_t high_limit_price;
  std::int64_t low_limit_price;
  std::int64_t max_price_variation;
  std::int64_t unit_of_measure_qty;
  std::int64_t min_price_increment_amount;
  std::int64_t price_ratio;
  std::int64_t strike_price;
  std::uint64_t raw_instrument_id;
  std::int64_t leg_price;
  std::int64_t leg_delta;
  std::int32_t inst_attrib_value;
  std::uint32_t underlying_id;
  std::int32_t market_depth_implied;
  std::int32_t market_depth;
  std::uint32_t market_segment_id;
  std::uint32_t max_trade_vol;
  std::int32_t min_lot_size;
  std::int32_t min_lot_size_block;
  std::int32_t min_lot_size_round_lot;
  std::uint32_t min_trade_vol;
  std::int32_t contract_multiplier;
  std::int32_t decay_quantity;
  std::int32_t original_contract_size;
  std::uint32_t leg_instrument_id;
  std::int32_t leg_ratio_price_numerator;
  std::int32_t leg_ratio_price_denominator;
  std::int32_t leg_ratio_qty_numerator;
  std::int32_t leg_ratio_qty_denominator;
  std::uint32_t leg_underlying_id;
  std::int16_t appl_id;
  std::uint16_t maturity_year;
  std::uint16_t decay_start_date;
  std::uint16_t channel_id;
  std::uint16_t leg_count;
  std::uint16_t leg_index;
  char currency[4];
  char settl_currency[4];
  char secsubtype[6];
  char raw_symbol[symbol_bytes];
  char group[21];
  char exchange[5];
  char asset[11];
  char cfi[7];
  char security_type[7];
  char unit_of_measure[31];
  char underlying[21];
  char strike_price_currency[4];
  char leg_raw_symbol[symbol_bytes];
  char instrument_class;
  char match_algorithm;
  std::uint8_t main_fraction;
  std::uint8_t price_display_format;
  std::uint8_t sub_fraction;
  std::uint8_t underlying_product;
  char security_update_action;
  std::uint8_t maturity_month;
  std::uint8_t maturity_day;
  std::uint8_t maturity_week;
  char user_defined_instrument;
  std::int8_t contract_multiplier_unit;
  std::int8_t flow_schedule_type;
  std::uint8_t tick_rule;
  char leg_instrument_class;
  char leg_side;
  std::array<std::uint8_t, 17> reserved_;
};
static_assert(sizeof(Definition) == 520 && offsetof(Definition, raw_instrument_id) == 112 &&
              offsetof(Definition, currency) == 224 && offsetof(Definition, raw_symbol) == 238);

struct Imbalance {
  RecordHeader header;
  std::uint64_t ts_recv;
  std::int64_t ref_price;
  std::uint64_t auction_time;
  std::int64_t cont_book_clr_price;
  std::int64_t auct_interest_clr_price;
  std::int64_t ssr_filling_price;
  std::int64_t ind_match_price;
  std::int64_t upper_collar;
  std::int64_t lower_collar;
  std::uint32_t paired_qty;
  std::uint32_t total_imbalance_qty;
  std::uint32_t market_imbalance_qty;
  std::uint32_t unpaired_qty;
  char auction_type;
  char side;
  std::uint8_t auction_status;
  std::uint8_t freeze_status;
  std::uint8_t num_extensions;
  char unpaired_side;
  char significant_imbalance;
  std::uint8_t reserved_;
};
static_assert(sizeof(Imbalance) == 112 && offsetof(Imbalance, paired_qty) == 88);

}  // namespace bourse::dbn
