// One frame of every kind that the house sends, with fixed contents: what tests/golden/frame_*.bin
// hold. Changing a byte of them means changing the protocol.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "feed/market/market_frames.h"  // FrameWriter

namespace bourse {

using GoldenFrame = std::pair<std::string, std::vector<std::byte>>;

inline wire::FrameHeader golden_header(wire::Channel channel, std::uint8_t flags) {
  return {.prev_seq = 0x1011121314151617,
          .first_seq = 0x2021222324252627,
          .last_seq = 0x3031323334353637,
          .ts_pub = 0x4041424344454647,
          .stream_id = wire::stream_id(channel, SymbolId{0x515253}),
          .epoch = 0x6162,
          .channel = channel,
          .flags = flags};
}

inline std::vector<GoldenFrame> golden_frames() {
  FrameWriter writer;
  std::vector<GoldenFrame> frames;
  const auto keep = [&frames](std::string name, std::span<const std::byte> bytes) {
    frames.emplace_back(std::move(name), std::vector<std::byte>(bytes.begin(), bytes.end()));
  };
  const wire::MboEvent mbo{.seq = 0x0102030405060708,
                           .ts_event = 0x1112131415161718,
                           .order_id = 0x2122232425262728,
                           .price = -0x3132333435363738,
                           .size = 0x4142434445464748,
                           .aux = 0x5152535455565758,
                           .rpt_seq = 0x6162636465666768,
                           .instrument_id = 0x71727374,
                           .action = 'A',
                           .side = 'B',
                           .flags = 0x8182};
  wire::MboEvent other = mbo;
  other.action = 'E';
  other.side = 'A';
  other.rpt_seq += 1;
  const wire::MboEvent pair[] = {mbo, other};
  keep("frame_mbo_1", writer.mbo(golden_header(wire::Channel::mbo, 32), {&mbo, 1}));
  keep("frame_mbo_2", writer.mbo(golden_header(wire::Channel::mbo, 8), pair));
  const wire::Trade trade{.seq = 0x0102030405060708,
                          .ts_event = 0x1112131415161718,
                          .price = -0x2122232425262728,
                          .size = 0x3132333435363738,
                          .match_id = 0x4142434445464748,
                          .maker_order_id = 0x5152535455565758,
                          .taker_order_id = 0x6162636465666768,
                          .rpt_seq = 0x7172737475767778,
                          .instrument_id = 0x81828384,
                          .kind = 'B',
                          .side = 'A',
                          .flags = 0x9192};
  keep("frame_trade", writer.trade(golden_header(wire::Channel::trade, 32), {&trade, 1}));
  const wire::Bbo bbo{.seq = 0x0102030405060708,
                      .ts_event = 0x1112131415161718,
                      .bid_px = -0x2122232425262728,
                      .ask_px = wire::price_none,
                      .bid_sz = 0x3132333435363738,
                      .ask_sz = 0x4142434445464748,
                      .rpt_seq = 0x5152535455565758,
                      .instrument_id = 0x61626364,
                      .bid_ct = 0x71727374,
                      .ask_ct = 0x81828384,
                      .flags = 0x9192,
                      .reserved = 0};
  keep("frame_bbo", writer.bbo(golden_header(wire::Channel::bbo, 16), {&bbo, 1}));
  const wire::Status status{.seq = 0x0102030405060708,
                            .ts_event = 0x1112131415161718,
                            .rpt_seq = 0x2122232425262728,
                            .instrument_id = 0x31323334,
                            .action = 0x4142,
                            .reason = 0x5152,
                            .trading_event = 0x6162,
                            .is_trading = 'Y',
                            .is_quoting = '~',
                            .flags = 0x7172,
                            .reserved = 0};
  keep("frame_status", writer.status(golden_header(wire::Channel::status, 0), {&status, 1}));
  const wire::Imbalance imbalance{.seq = 0x0102030405060708,
                                  .ts_event = 0x1112131415161718,
                                  .ts_auction = 0x2122232425262728,
                                  .ref_price = wire::price_none,
                                  .clear_price = -0x3132333435363738,
                                  .upper_collar = 0x4142434445464748,
                                  .lower_collar = 0x5152535455565758,
                                  .paired_qty = 0x6162636465666768,
                                  .imbalance_qty = 0x7172737475767778,
                                  .instrument_id = 0x81828384,
                                  .side = 'B',
                                  .auction_type = 'O',
                                  .auction_status = 1,
                                  .freeze = 0x91};
  keep("frame_imbalance",
       writer.imbalance(golden_header(wire::Channel::imbalance, 32), {&imbalance, 1}));
  wire::LevelUpdate level{.seq = 0x0102030405060708,
                          .ts_event = 0x1112131415161718,
                          .price = -0x2122232425262728,
                          .size = 0x3132333435363738,
                          .rpt_seq = 0x4142434445464748,
                          .instrument_id = 0x51525354,
                          .count = 0x61626364,
                          .action = 'N',
                          .side = 'A',
                          .flags = 0x7172,
                          .level = 0x8182,
                          .reserved = 0};
  keep("frame_level", writer.level(golden_header(wire::Channel::level, 32), {&level, 1}));
  wire::Depth10 depth{};
  depth.seq = 0x0102030405060708;
  depth.ts_event = 0x1112131415161718;
  depth.rpt_seq = 0x2122232425262728;
  depth.instrument_id = 0x31323334;
  depth.flags = 0x4142;
  for (std::uint32_t i = 0; i < 10; ++i) {
    depth.levels[i] = {.bid_px = 0x5152535455565700 - i,
                       .ask_px = 0x6162636465666700 + i,
                       .bid_sz = 0x7172737475767700u + i,
                       .ask_sz = 0x8182838485868700 + i,
                       .bid_ct = 0x91929300 + i,
                       .ask_ct = 0xA1A2A300 + i};
  }
  depth.levels[9].ask_px = wire::price_none;
  keep("frame_depth10", writer.depth10(golden_header(wire::Channel::depth10, 16), {&depth, 1}));
  const wire::Bar bar{.seq = 0x0102030405060708,
                      .ts_open = 0x1112131415161718,
                      .ts_close = 0x2122232425262728,
                      .open = -0x3132333435363738,
                      .high = 0x4142434445464748,
                      .low = -0x5152535455565758,
                      .close = 0x6162636465666768,
                      .volume = 0x7172737475767778,
                      .buy_volume = 0x8182838485868788,
                      .turnover = 0x1011121314151617,
                      .vwap = 0x2021222324252627,
                      .interval_ms = 60000,
                      .trades = 0x91929394,
                      .instrument_id = 0xA1A2A3A4,
                      .flags = 1,
                      .reserved = 0};
  keep("frame_bar", writer.bar(golden_header(wire::Channel::bar, 32), {&bar, 1}));
  const wire::Stat stat{.seq = 0x0102030405060708,
                        .ts_event = 0x1112131415161718,
                        .ts_ref = 0x2122232425262728,
                        .price = -0x3132333435363738,
                        .quantity = 0x4142434445464748,
                        .instrument_id = 0x51525354,
                        .stat_type = 1004,
                        .update_action = 1,
                        .flags = 0x61,
                        .reserved = 0};
  keep("frame_stat", writer.stat(golden_header(wire::Channel::stat, 16), {&stat, 1}));
  const wire::BookCheck check{.seq = 0x0102030405060708,
                              .rpt_seq = 0x1112131415161718,
                              .book_hash = 0x2122232425262728,
                              .instrument_id = 0x31323334,
                              .crc32c_top10 = 0x41424344,
                              .bid_levels = 0x51525354,
                              .ask_levels = 0x61626364};
  keep("frame_check", writer.check(golden_header(wire::Channel::check, 32), {&check, 1}));
  keep("frame_definition", writer.definition(golden_header(wire::Channel::definition, 7),
                                             {.instrument_id = 0x01020304,
                                              .seq = 0x1112131415161718,
                                              .ts_event = 0x2122232425262728,
                                              .update_action = 'A',
                                              .symbol = "ETH-USD",
                                              .base = "ETH",
                                              .quote = "USD",
                                              .tick_size = 0x3132333435363738,
                                              .lot_size = 0x4142434445464748,
                                              .min_qty = 0x5152535455565758,
                                              .max_qty = 0x6162636465666768,
                                              .price_exponent = -9,
                                              .qty_exponent = -6,
                                              .match_algorithm = 'F',
                                              .status = 7}));
  keep("frame_heartbeat",
       writer.system(golden_header(wire::Channel::system, 64), {.code = wire::SystemCode::heartbeat,
                                                                .error_code = 0,
                                                                .stream_id = 0,
                                                                .ts = 0x0102030405060708,
                                                                .journal_seq = 0x1112131415161718,
                                                                .lag_ns = 0,
                                                                .lag_events = 0,
                                                                .gap = std::nullopt,
                                                                .positions = {},
                                                                .text = {}}));
  const wire::StreamPosition positions[] = {
      {.last_seq = 0x0102030405060708, .stream_id = 0x11121314, .reserved = 0},
      {.last_seq = 0x2122232425262728, .stream_id = 0x31323334, .reserved = 0}};
  keep("frame_system", writer.system(golden_header(wire::Channel::system, 0),
                                     {.code = wire::SystemCode::replay_completed,
                                      .error_code = 0x0102,
                                      .stream_id = 0x11121314,
                                      .ts = 0x2122232425262728,
                                      .journal_seq = 0x3132333435363738,
                                      .lag_ns = 0x4142434445464748,
                                      .lag_events = 0x5152535455565758,
                                      .gap = std::nullopt,
                                      .positions = positions,
                                      .text = "hello"}));
  keep("frame_gap", writer.system(golden_header(wire::Channel::system, 0),
                                  {.code = wire::SystemCode::gap,
                                   .error_code = 0,
                                   .stream_id = 0x11121314,
                                   .ts = 0x2122232425262728,
                                   .journal_seq = 0x3132333435363738,
                                   .lag_ns = 0,
                                   .lag_events = 0,
                                   .gap = wire::Gap{.from_seq = 0x4142434445464748,
                                                    .to_seq = 0x5152535455565758,
                                                    .stream_id = 0x11121314,
                                                    .reason = 1,
                                                    .recoverable = 1,
                                                    .reserved = 0},
                                   .positions = {},
                                   .text = {}}));
  return frames;
}

}  // namespace bourse
