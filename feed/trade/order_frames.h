// Order entry in FlatBuffers: requests in (schemas/orders.fbs), reports out (channel Exec of
// schemas/market_data.fbs). Next to market_frames the only room that knows FlatBuffers.
//   Shape:  a request is one table of at most 512 bytes with one struct and one text; a frame of
//           reports is at most 64 KiB, larger transactions come in several (flag partial).
//   Units:  wire integers: prices 1e-9 (INT64_MAX = none), quantities 10^quantity_exponent.
//   Owner:  readers are free functions on the caller's bytes, at any alignment; ExecFrameEncoder
//           belongs to one thread and reuses its memory.
//   Errors: a request that does not verify is refused; no field is read before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "feed/instrument_table.h"   // InstrumentTable
#include "feed/trade/exec_router.h"  // Report
#include "matching/types.h"          // Sequence, TimeNs, Epoch, AccountId

namespace bourse {

inline constexpr std::size_t order_request_bytes_max = 512;

enum class OrderOperation : std::uint8_t {  // OrderOp of orders.fbs
  none = 0,
  new_order = 1,
  amend = 2,
  cancel = 3,
  mass_cancel = 4,       // by instrument_id, side, group; 0 = all
  cancel_all_after = 5,  // valid_until: in so many milliseconds; 0 disarms
  status = 6,            // reserved
};

// Sides on the wire are letters, as in all market data.
inline constexpr std::uint8_t wire_buy = 'B';
inline constexpr std::uint8_t wire_sell = 'A';
inline constexpr std::uint8_t wire_no_side = 'N';

struct WireOrder {  // OrderFixed, with its names
  std::uint64_t client_seq = 0;
  std::uint64_t order_id = 0;
  std::int64_t price = INT64_MAX;
  std::uint64_t qty = 0;
  std::int64_t stop_price = 0;
  std::uint64_t display_qty = 0;
  std::uint64_t valid_until = 0;
  std::uint64_t expire_at = 0;
  std::uint64_t client_ts = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t group = 0;
  std::uint8_t op = 0;
  std::uint8_t side = 0;
  std::uint8_t ord_type = 0;  // OrderType
  std::uint8_t tif = 0;       // TimeInForce
  std::uint8_t stp = 0;       // SelfTradePrevention
  std::uint8_t flags = 0;     // order_flags
  std::uint64_t min_qty = 0;
  std::uint8_t peg = 0;  // PegReference
  std::string cl_ord_id = {};
};

// False if the bytes are too many or do not verify as an OrderRequest.
bool read_order(std::span<const std::byte> bytes, WireOrder& out);
std::vector<std::byte> encode_order(const WireOrder& order);  // for clients and tests

// ExecFixed, with its names.
struct WireReport {
  std::uint64_t exec_seq = 0;
  std::uint64_t seq = 0;
  std::uint64_t ts_event = 0;
  std::uint64_t account_id = 0;
  std::uint64_t order_id = 0;
  std::uint64_t client_seq = 0;
  std::int64_t price = INT64_MAX;
  std::uint64_t qty = 0;
  std::uint64_t cum_qty = 0;
  std::uint64_t leaves_qty = 0;
  std::int64_t last_px = INT64_MAX;
  std::uint64_t last_qty = 0;
  std::uint64_t match_id = 0;
  std::uint32_t instrument_id = 0;
  std::uint32_t group = 0;
  std::uint16_t reject_code = 0;
  std::uint8_t exec_type = 0;  // ExecType
  std::uint8_t status = 0;     // OrderStatus
  std::uint8_t side = 0;       // wire_buy, wire_sell
  std::uint8_t ord_type = 0;
  std::uint8_t tif = 0;
  std::uint8_t liquidity = 0;       // 'M', 'T' or 0
  std::uint32_t flags = 0;          // exec_flags
  std::string_view cl_ord_id = {};  // of the Report or the frame it was made from
};
// Quantities and prices of an instrument that is not known are 0 and INT64_MAX.
WireReport wire_report(const Report& report, const InstrumentTable& instruments);

// The stream of an account's reports.
constexpr std::uint32_t exec_stream_id(AccountId account) {
  return 13u << 24 | account.value();  // channel Exec; accounts are below 2^24
}

struct ExecFrameHead {
  Sequence previous{0};  // of the transaction that this account's session was told before
  AccountId account{0};
  TimeNs published{0};
  Epoch epoch{0};
  bool replay = false;    // read from the log, not live
  std::uint32_t log = 0;  // which one
};

class ExecFrameEncoder {
 public:
  ExecFrameEncoder();
  ~ExecFrameEncoder();

  // The next frame of `reports`, which all belong to one transaction; `at` moves on. Not the last
  // frame of the transaction: flag partial. The bytes are valid until the next call.
  // REQUIRES: at < reports.size().
  std::span<const std::byte> encode(const ExecFrameHead& head, std::span<const Report> reports,
                                    std::size_t& at, const InstrumentTable& instruments);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// For clients and tests. Views point into `bytes`.
struct ExecFrame {
  std::uint64_t prev_seq = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t ts_pub = 0;
  std::uint32_t stream_id = 0;
  std::uint16_t epoch = 0;
  std::uint8_t flags = 0;
  std::vector<WireReport> reports;
};
// nullopt if the bytes are no frame of channel Exec. REQUIRES: bytes aligned to 8.
std::optional<ExecFrame> read_exec_frame(std::span<const std::byte> bytes);

}  // namespace bourse
