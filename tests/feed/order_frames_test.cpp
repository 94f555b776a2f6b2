#include "feed/trade/order_frames.h"  // read_order, encode_order, ExecFrameEncoder, read_exec_frame

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "feed/wire.h"               // frame_flags, price_none
#include "tests/data_folder.h"       // source_path
#include "tests/feed/trade_world.h"  // test_instrument

namespace bourse {
namespace {

WireOrder full_order() {
  return {.client_seq = 42,
          .order_id = 7,
          .price = 50'000'010'000'000,
          .qty = 50'000'000,
          .stop_price = 1,
          .display_qty = 2,
          .valid_until = 3,
          .expire_at = 4,
          .client_ts = 5,
          .instrument_id = 6,
          .group = 8,
          .op = 1,
          .side = wire_buy,
          .ord_type = 1,
          .tif = 1,
          .stp = 2,
          .flags = 1,
          .cl_ord_id = "my-order-1"};
}

InstrumentTable instruments() {
  InstrumentTable table;
  table.define(SymbolId{1}, test_instrument("BTC-USD", 10'000'000, 10'000));
  return table;
}

Report report(std::uint64_t exec_sequence) {
  ExecEvent e{};
  e.exec_sequence = ExecSequence{exec_sequence};
  e.order_id = OrderId{11};
  e.client_sequence = ClientSequence{42};
  e.price = PriceTicks{5'000'001};
  e.quantity = QuantityLots{5'000};
  e.filled = QuantityLots{1'000};
  e.leaves = QuantityLots{4'000};
  e.last_price = PriceTicks{5'000'000};
  e.last_quantity = QuantityLots{1'000};
  e.match_id = MatchId{9};
  e.account = AccountId{3};
  e.symbol = SymbolId{1};
  e.group = GroupId{8};
  e.type = ExecType::partial_fill;
  e.status = OrderStatus::partially_filled;
  e.side = Side::sell;
  e.order_type = OrderType::limit;
  e.time_in_force = TimeInForce::gtc;
  e.liquidity = Liquidity::maker;
  EXPECT_TRUE(e.client_order_id.assign("mine"));
  return {Sequence{100}, TimeNs{1'700'000'000}, TimeNs{0}, e};
}

// Byte for byte what tests/golden holds; with BOURSE_WRITE_GOLDEN set it is written first. Changing
// a byte means changing the protocol.
void expect_golden(const std::string& name, std::span<const std::byte> bytes) {
  const auto path = source_path("tests/golden/" + name + ".bin");
  const auto size = static_cast<std::streamsize>(bytes.size());
  if (std::getenv("BOURSE_WRITE_GOLDEN") != nullptr)
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), size);
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path << " is missing";
  const std::string stored{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(stored.size(), bytes.size()) << name;
  EXPECT_EQ(std::memcmp(stored.data(), bytes.data(), bytes.size()), 0) << name;
}

TEST(OrderFrames, GoldenBytesAreWhatTheyWere) {
  expect_golden("order_request", encode_order(full_order()));
  const InstrumentTable table = instruments();
  ExecFrameEncoder encoder;
  const std::vector<Report> reports{report(17), report(18)};
  std::size_t at = 0;
  expect_golden("frame_exec", encoder.encode({.previous = Sequence{90},
                                              .account = AccountId{3},
                                              .published = TimeNs{5},
                                              .epoch = Epoch{2}},
                                             reports, at, table));
}

TEST(OrderFrames, ARequestReadsBackFieldByField) {
  const WireOrder order = full_order();
  const auto bytes = encode_order(order);
  WireOrder read;
  ASSERT_TRUE(read_order(bytes, read));
  EXPECT_EQ(read.client_seq, order.client_seq);
  EXPECT_EQ(read.order_id, order.order_id);
  EXPECT_EQ(read.price, order.price);
  EXPECT_EQ(read.qty, order.qty);
  EXPECT_EQ(read.stop_price, order.stop_price);
  EXPECT_EQ(read.display_qty, order.display_qty);
  EXPECT_EQ(read.valid_until, order.valid_until);
  EXPECT_EQ(read.expire_at, order.expire_at);
  EXPECT_EQ(read.client_ts, order.client_ts);
  EXPECT_EQ(read.instrument_id, order.instrument_id);
  EXPECT_EQ(read.group, order.group);
  EXPECT_EQ(read.op, order.op);
  EXPECT_EQ(read.side, order.side);
  EXPECT_EQ(read.ord_type, order.ord_type);
  EXPECT_EQ(read.tif, order.tif);
  EXPECT_EQ(read.stp, order.stp);
  EXPECT_EQ(read.flags, order.flags);
  EXPECT_EQ(read.cl_ord_id, order.cl_ord_id);
}

TEST(OrderFrames, ARequestIsAsSmallAsTheProtocolSays) {
  WireOrder order = full_order();
  order.cl_ord_id.clear();
  EXPECT_EQ(encode_order(order).size(), 112u);
}

TEST(OrderFrames, ARequestIsReadAtAnyAlignment) {
  const auto bytes = encode_order(full_order());
  std::vector<std::byte> buffer(bytes.size() + 16);
  for (std::size_t offset = 0; offset < 16; ++offset) {
    std::memcpy(buffer.data() + offset, bytes.data(), bytes.size());
    WireOrder read;
    EXPECT_TRUE(read_order({buffer.data() + offset, bytes.size()}, read)) << offset;
  }
}

TEST(OrderFrames, WhatDoesNotVerifyIsRefused) {
  WireOrder read;
  EXPECT_FALSE(read_order({}, read));
  const auto good = encode_order(full_order());
  for (std::size_t size = 0; size < good.size(); ++size) {
    // The last bytes may be padding; never is more read than was given.
    if (read_order({good.data(), size}, read)) {
      EXPECT_GT(size + 8, good.size());
    }
  }
  auto foreign = good;
  foreign[4] = std::byte{'X'};
  EXPECT_FALSE(read_order(foreign, read)) << "another file identifier";
  const std::string json = R"({"op":"order"})";
  EXPECT_FALSE(read_order(std::as_bytes(std::span{json}), read));
  auto prefixed = std::vector<std::byte>(4);
  prefixed.insert(prefixed.end(), good.begin(), good.end());
  EXPECT_FALSE(read_order(prefixed, read)) << "a size prefix";
}

TEST(OrderFrames, ARequestOverItsLimitIsRefused) {
  WireOrder order = full_order();
  order.cl_ord_id.assign(500, 'x');
  WireOrder read;
  EXPECT_FALSE(read_order(encode_order(order), read));
}

TEST(OrderFrames, NoBytesMakeTheReaderLeaveThem) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto good = encode_order(full_order());
  for (int i = 0; i < 50'000; ++i) {
    auto bytes = good;
    for (std::uint64_t flips = 1 + random() % 4; flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    WireOrder read;
    static_cast<void>(read_order(bytes, read));
  }
}

TEST(OrderFrames, AReportReadsBackInWireUnits) {
  const InstrumentTable table = instruments();
  ExecFrameEncoder encoder;
  const std::vector<Report> reports{report(17)};
  std::size_t at = 0;
  const auto bytes = encoder.encode({.previous = Sequence{90},
                                     .account = AccountId{3},
                                     .published = TimeNs{5},
                                     .epoch = Epoch{2},
                                     .replay = true},
                                    reports, at, table);
  EXPECT_EQ(at, 1u);
  const auto frame = read_exec_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->prev_seq, 90u);
  EXPECT_EQ(frame->first_seq, 100u);
  EXPECT_EQ(frame->last_seq, 100u);
  EXPECT_EQ(frame->ts_pub, 5u);
  EXPECT_EQ(frame->stream_id, 13u << 24 | 3);
  EXPECT_EQ(frame->epoch, 2u);
  EXPECT_EQ(frame->flags, wire::frame_flags::replay);
  ASSERT_EQ(frame->reports.size(), 1u);
  const WireReport& r = frame->reports.front();
  EXPECT_EQ(r.exec_seq, 17u);
  EXPECT_EQ(r.seq, 100u);
  EXPECT_EQ(r.ts_event, 1'700'000'000u);
  EXPECT_EQ(r.account_id, 3u);
  EXPECT_EQ(r.price, 50'000'010'000'000);
  EXPECT_EQ(r.qty, 50'000'000u);
  EXPECT_EQ(r.cum_qty, 10'000'000u);
  EXPECT_EQ(r.leaves_qty, 40'000'000u);
  EXPECT_EQ(r.last_px, 50'000'000'000'000);
  EXPECT_EQ(r.last_qty, 10'000'000u);
  EXPECT_EQ(r.match_id, 9u);
  EXPECT_EQ(r.exec_type, static_cast<std::uint8_t>(ExecType::partial_fill));
  EXPECT_EQ(r.side, 'A');
  EXPECT_EQ(r.liquidity, 'M');
  EXPECT_EQ(r.cl_ord_id, "mine");
}

TEST(OrderFrames, AReportWithoutAFillHasNoLastPrice) {
  Report without = report(1);
  without.event.last_quantity = QuantityLots{0};
  without.event.price = no_price;
  const WireReport wire = wire_report(without, instruments());
  EXPECT_EQ(wire.last_px, wire::price_none);
  EXPECT_EQ(wire.price, wire::price_none);
}

TEST(OrderFrames, ALargeTransactionComesInSeveralFramesOfOneChain) {
  const InstrumentTable table = instruments();
  ExecFrameEncoder encoder;
  std::vector<Report> reports;
  for (std::uint64_t i = 1; i <= 8200; ++i) reports.push_back(report(i));
  std::size_t at = 0;
  std::uint64_t expected = 1;
  std::uint64_t told = 90;
  int frames = 0;
  while (at < reports.size()) {
    const auto bytes =
        encoder.encode({.previous = Sequence{90}, .account = AccountId{3}}, reports, at, table);
    ASSERT_LE(bytes.size(), wire::frame_bytes_max);
    const auto frame = read_exec_frame(bytes);
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->prev_seq, told);
    told = frame->last_seq;
    const bool partial = (frame->flags & wire::frame_flags::partial) != 0;
    EXPECT_EQ(partial, at < reports.size());
    for (const WireReport& r : frame->reports) ASSERT_EQ(r.exec_seq, expected++);
    ++frames;
  }
  EXPECT_EQ(expected, 8201u);
  EXPECT_GT(frames, 10);
}

TEST(OrderFrames, OtherBytesAreNoExecFrame) {
  alignas(8) std::byte bytes[64] = {};
  EXPECT_FALSE(read_exec_frame(bytes));
  const auto order = encode_order(full_order());
  EXPECT_FALSE(read_exec_frame(order));
}

}  // namespace
}  // namespace bourse
