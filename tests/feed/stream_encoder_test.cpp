// Transactions become frames: chained, whole, in order, whatever the bursts.
#include "feed/market/stream_encoder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "matching/transaction.h"        // encode
#include "tests/matching/test_market.h"  // TestMarket

namespace bourse {
namespace {

struct Taken {
  wire::FrameHeader header;
  std::vector<std::uint64_t> seqs;
  bool is_last;
};

// Runs orders through an engine and its transactions through an encoder.
class EncoderMarket {
 public:
  EncoderMarket() : scratch_(transaction_bytes_max / 8 + 1), encoder(instruments) {}

  // Every stream of three symbols.
  void want_all() {
    for (std::uint32_t id = 1; id <= 3; ++id) {
      for (const auto channel : {wire::Channel::mbo, wire::Channel::trade, wire::Channel::bbo})
        encoder.want(wire::stream_id(channel, SymbolId{id}), 0);
    }
  }
  void define(std::string_view symbol) {
    Command command = TestMarket::blank(CommandType::define_instrument);
    command.instrument = test_instrument(symbol);
    apply(command);
  }
  OrderId order(SymbolId symbol, Side side, std::uint64_t quantity, std::int64_t price) {
    Command command = market.order(1, side, quantity, price);
    command.symbol = symbol;
    return apply(command);
  }
  OrderId apply(Command command) {
    const OrderId id = market.apply(command);
    command.sequence = market.sequence;
    command.time = TimeNs{static_cast<std::int64_t>(market.sequence.value())};
    const std::span<std::byte> bytes = std::as_writable_bytes(std::span(scratch_));
    encode(command, market.events, epoch, 0, bytes);
    const auto view = TransactionView::parse(bytes);
    instruments.on_transaction(*view);
    encoder.add(*view);
    events_count += view->public_events().size();
    return id;
  }
  std::vector<Taken> flush(TimeNs ts_pub = TimeNs{99}, std::uint8_t flags = 0) {
    std::vector<Taken> frames;
    encoder.begin_flush(ts_pub, flags);
    EncodedFrame frame{};
    while (encoder.next(frame)) {
      std::vector<std::uint64_t> words(frame.bytes.size() / 8);
      std::memcpy(words.data(), frame.bytes.data(), frame.bytes.size());
      const auto view =
          read_frame({reinterpret_cast<const std::byte*>(words.data()), frame.bytes.size()});
      if (!view) {
        ADD_FAILURE() << "a frame does not verify";
        continue;
      }
      EXPECT_EQ(view->header.stream_id, frame.stream_id);
      EXPECT_EQ(view->header.first_seq, frame.first_seq);
      EXPECT_EQ(view->header.last_seq, frame.last_seq);
      EXPECT_EQ(view->header.flags, frame.flags);
      Taken taken{.header = view->header, .seqs = {}, .is_last = frame.is_last};
      for (const wire::MboEvent& event : view->mbo) taken.seqs.push_back(event.seq);
      for (const wire::Trade& event : view->trade) taken.seqs.push_back(event.seq);
      frames.push_back(std::move(taken));
    }
    return frames;
  }

 private:
  std::vector<std::uint64_t> scratch_;

 public:
  InstrumentTable instruments;
  StreamEncoder encoder;
  TestMarket market{{.symbols_max = 8, .accounts_max = 4, .orders_max = 1 << 14}};
  Epoch epoch{3};
  std::size_t events_count = 0;
};

constexpr std::uint32_t mbo_1 = wire::stream_id(wire::Channel::mbo, SymbolId{1});
constexpr std::uint32_t trade_1 = wire::stream_id(wire::Channel::trade, SymbolId{1});

TEST(StreamEncoder, ABurstSharesFramesByStreamAndTheLastOneSaysSo) {
  EncoderMarket m;
  m.want_all();
  m.define("AAA");
  m.define("BBB");
  m.order(SymbolId{1}, Side::buy, 5, 100);
  m.order(SymbolId{2}, Side::buy, 5, 100);
  m.order(SymbolId{1}, Side::sell, 5, 100);
  const std::vector<Taken> frames = m.flush();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].header.stream_id, mbo_1);
  EXPECT_EQ(frames[0].seqs, (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_EQ(frames[0].header.epoch, 3);
  EXPECT_EQ(frames[0].header.ts_pub, 99u);
  EXPECT_EQ(frames[1].seqs, (std::vector<std::uint64_t>{2, 4}));
  EXPECT_EQ(frames[2].header.stream_id, trade_1);
  EXPECT_EQ(frames[0].header.flags, 0);
  EXPECT_EQ(frames[2].header.flags, wire::frame_flags::flush_last);
  EXPECT_TRUE(frames[2].is_last && !frames[1].is_last);
}

TEST(StreamEncoder, WithoutAPublishingTimeItIsThatOfTheLastEvent) {
  EncoderMarket m;
  m.want_all();
  m.define("AAA");
  m.order(SymbolId{1}, Side::buy, 5, 100);
  EXPECT_EQ(m.flush(TimeNs{0}).at(0).header.ts_pub, 2u);
}

TEST(StreamEncoder, OnlyWantedStreamsAreEncodedAndOnlyWhatIsNew) {
  EncoderMarket m;
  m.encoder.want(mbo_1, 2);
  m.define("AAA");
  m.order(SymbolId{1}, Side::buy, 5, 100);
  EXPECT_TRUE(m.encoder.empty());
  m.order(SymbolId{1}, Side::sell, 5, 100);
  const std::vector<Taken> frames = m.flush(TimeNs{1}, wire::frame_flags::replay);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].header.prev_seq, 2u);
  EXPECT_EQ(frames[0].seqs, (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(frames[0].header.flags, wire::frame_flags::replay | wire::frame_flags::flush_last);
  EXPECT_EQ(m.encoder.last_seq(mbo_1), 3u);
  m.encoder.forget(mbo_1);
  m.order(SymbolId{1}, Side::buy, 5, 100);
  EXPECT_TRUE(m.encoder.empty());
}

TEST(StreamEncoder, BestPricesAreToldWhenTheyChange) {
  EncoderMarket m;
  m.want_all();
  m.define("AAA");
  m.flush();
  const BestPrices best{.bid = PriceTicks{5},
                        .ask = no_price,
                        .bid_quantity = QuantityLots{1},
                        .ask_quantity = QuantityLots{0},
                        .bid_orders = 1,
                        .ask_orders = 0};
  m.encoder.assume_best(SymbolId{1}, best);
  m.encoder.add_best(SymbolId{1}, best, RptSequence{1});
  EXPECT_TRUE(m.encoder.empty());
  BestPrices other = best;
  other.bid_orders = 2;
  m.encoder.add_best(SymbolId{1}, other, RptSequence{2});
  EXPECT_FALSE(m.encoder.empty());
}

TEST(StreamEncoder, ATransactionLargerThanAFrameIsDividedAndNoOther) {
  EncoderMarket m;
  m.want_all();
  m.define("AAA");
  constexpr std::size_t room = frame_events_max<wire::MboEvent>;
  for (std::size_t i = 0; i < 2 * room; ++i) m.order(SymbolId{1}, Side::sell, 1, 100);
  m.flush();
  m.order(SymbolId{1}, Side::buy, 1, 1);
  m.order(SymbolId{1}, Side::buy, room + 1, 100);
  m.order(SymbolId{1}, Side::buy, 1, 1);
  const std::uint64_t before = m.market.sequence.value() - 2;
  std::vector<Taken> frames = m.flush();
  std::erase_if(frames, [](const Taken& f) { return f.header.channel != wire::Channel::mbo; });
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].seqs, (std::vector<std::uint64_t>{before}));
  EXPECT_EQ(frames[1].seqs.size(), room);
  EXPECT_EQ(frames[1].header.flags, wire::frame_flags::partial);
  EXPECT_EQ(frames[1].header.last_seq, before + 1);
  EXPECT_EQ(frames[2].header.prev_seq, before + 1);
  EXPECT_EQ(frames[2].header.first_seq, before + 1);
  EXPECT_EQ(frames[2].header.last_seq, before + 2);
  EXPECT_EQ(frames[2].header.flags & wire::frame_flags::partial, 0);
}

TEST(StreamEncoder, EveryEventComesOnceAndEveryFrameFollowsTheOneBefore) {
  constexpr std::uint64_t seed = 42;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  EncoderMarket m;
  m.want_all();
  for (const char* symbol : {"AAA", "BBB", "CCC"}) m.define(symbol);
  std::map<std::uint32_t, std::uint64_t> last;
  std::size_t mbo_events = 0;
  std::uint64_t flushed = 0;
  for (int burst = 0; burst < 400; ++burst) {
    for (std::size_t i = 0, count = random() % 60; i < count; ++i) {
      const SymbolId symbol{static_cast<std::uint32_t>(1 + random() % 3)};
      m.order(symbol, random() % 2 == 0 ? Side::buy : Side::sell, 1 + random() % 50,
              95 + static_cast<std::int64_t>(random() % 10));
    }
    const std::vector<Taken> frames = m.flush();
    std::uint64_t burst_last = flushed;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const wire::FrameHeader& header = frames[i].header;
      ASSERT_EQ(header.prev_seq, last[header.stream_id]);
      ASSERT_GT(header.first_seq, flushed);
      ASSERT_EQ(frames[i].seqs.front(), header.first_seq);
      ASSERT_EQ(frames[i].seqs.back(), header.last_seq);
      ASSERT_TRUE(std::is_sorted(frames[i].seqs.begin(), frames[i].seqs.end()));
      ASSERT_EQ(frames[i].is_last, i + 1 == frames.size());
      last[header.stream_id] = header.last_seq;
      burst_last = std::max(burst_last, header.last_seq);
      if (header.channel == wire::Channel::mbo) mbo_events += frames[i].seqs.size();
    }
    flushed = burst_last;
  }
  EXPECT_EQ(mbo_events, m.events_count);
}

}  // namespace
}  // namespace bourse
