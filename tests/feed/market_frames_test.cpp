// Frames on the wire: their bytes, their sizes, and what the verifier refuses.
#include "feed/market/market_frames.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include <flatbuffers/flatbuffers.h>

#include "schemas/market_data_generated.h"
#include "tests/data_folder.h"         // source_path
#include "tests/feed/golden_frames.h"  // golden_frames

namespace bourse {
namespace {

// FlatBuffers are read in place, so they must be aligned as a client's library would align them.
std::vector<std::uint64_t> aligned(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
  std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}
std::optional<FrameView> read(const std::vector<std::uint64_t>& words, std::size_t bytes) {
  return read_frame({reinterpret_cast<const std::byte*>(words.data()), bytes});
}

template <class T>
bool same_bytes(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

std::vector<std::byte> golden(const std::string& name) {
  for (auto& [known, bytes] : golden_frames()) {
    if (known == name) return bytes;
  }
  ADD_FAILURE() << "no golden frame " << name;
  return {};
}

TEST(MarketFrames, GoldenFramesAreByteForByteWhatTheyWere) {
  const bool writes = std::getenv("BOURSE_WRITE_GOLDEN") != nullptr;
  for (const auto& [name, bytes] : golden_frames()) {
    const auto path = source_path("tests/golden/" + name + ".bin");
    if (writes) {
      std::ofstream(path, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    }
    std::ifstream file(path, std::ios::binary);
    ASSERT_TRUE(file.is_open()) << path << " is missing";
    const std::string stored{std::istreambuf_iterator<char>(file), {}};
    ASSERT_EQ(stored.size(), bytes.size()) << name;
    EXPECT_EQ(std::memcmp(stored.data(), bytes.data(), bytes.size()), 0) << name;
  }
}

TEST(MarketFrames, SizesAreThoseOfTheProtocol) {
  EXPECT_EQ(golden("frame_mbo_1").size(), 136u);
  EXPECT_EQ(golden("frame_mbo_2").size(), 200u);
  EXPECT_EQ(golden("frame_trade").size(), 152u);
  EXPECT_EQ(golden("frame_bbo").size(), 144u);
  EXPECT_EQ(golden("frame_status").size(), 128u);
  EXPECT_EQ(golden("frame_imbalance").size(), 168u);
  EXPECT_EQ(golden("frame_level").size(), 128u);
  EXPECT_EQ(golden("frame_bar").size(), 184u);
  EXPECT_EQ(golden("frame_stat").size(), 136u);
  EXPECT_EQ(golden("frame_check").size(), 128u);
  EXPECT_EQ(golden("frame_heartbeat").size(), 128u);
  for (const auto& [name, bytes] : golden_frames()) EXPECT_EQ(bytes.size() % 8, 0u) << name;
}

TEST(MarketFrames, AFullFrameFitsTheLimit) {
  FrameWriter writer;
  const std::vector<wire::MboEvent> events(frame_events_max<wire::MboEvent>);
  const auto header = golden_header(wire::Channel::mbo, 0);
  EXPECT_LE(writer.mbo(header, events).size(), wire::frame_bytes_max);
  EXPECT_GT(writer.mbo(header, events).size() + sizeof(wire::MboEvent), wire::frame_bytes_max);
  const std::vector<wire::Trade> trades(frame_events_max<wire::Trade>);
  EXPECT_LE(writer.trade(golden_header(wire::Channel::trade, 0), trades).size(),
            wire::frame_bytes_max);
  const std::vector<wire::Status> statuses(frame_events_max<wire::Status>);
  EXPECT_LE(writer.status(golden_header(wire::Channel::status, 0), statuses).size(),
            wire::frame_bytes_max);
}

TEST(MarketFrames, AFullFrameOfTablesFitsTheLimit) {
  FrameWriter writer;
  const std::vector<wire::Depth10> depths(frame_events_max<wire::Depth10>);
  EXPECT_LE(writer.depth10(golden_header(wire::Channel::depth10, 0), depths).size(),
            wire::frame_bytes_max);
  const auto words = aligned(golden("frame_depth10"));
  const auto view = read(words, words.size() * 8);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->depth10.size(), 1u);
  EXPECT_EQ(view->depth10[0].rpt_seq, 0x2122232425262728u);
  EXPECT_EQ(view->depth10[0].levels[3].bid_px, 0x5152535455565700 - 3);
  EXPECT_EQ(view->depth10[0].levels[9].ask_px, wire::price_none);
}

TEST(MarketFrames, EveryFieldIsReadAsItWasWritten) {
  const auto mbo = aligned(golden("frame_mbo_2"));
  const auto view = read(mbo, mbo.size() * 8);
  ASSERT_TRUE(view);
  EXPECT_TRUE(same_bytes(view->header, golden_header(wire::Channel::mbo, 8)));
  ASSERT_EQ(view->mbo.size(), 2u);
  EXPECT_EQ(view->mbo[0].order_id, 0x2122232425262728u);
  EXPECT_EQ(view->mbo[1].action, 'E');
  EXPECT_TRUE(view->trade.empty() && view->bbo.empty() && !view->system);

  const auto definition = aligned(golden("frame_definition"));
  const auto defined = read(definition, definition.size() * 8);
  ASSERT_TRUE(defined && defined->definition);
  EXPECT_EQ(defined->definition->symbol, "ETH-USD");
  EXPECT_EQ(defined->definition->base, "ETH");
  EXPECT_EQ(defined->definition->quote, "USD");
  EXPECT_EQ(defined->definition->tick_size, 0x3132333435363738);
  EXPECT_EQ(defined->definition->max_qty, 0x6162636465666768u);
  EXPECT_EQ(defined->definition->qty_exponent, -6);

  const auto system = aligned(golden("frame_system"));
  const auto notice = read(system, system.size() * 8);
  ASSERT_TRUE(notice && notice->system);
  EXPECT_EQ(notice->system->code, wire::SystemCode::replay_completed);
  EXPECT_EQ(notice->system->text, "hello");
  ASSERT_EQ(notice->system->positions.size(), 2u);
  EXPECT_EQ(notice->system->positions[1].stream_id, 0x31323334u);
}

// The generated structs keep their members private: what each accessor finds tells its offset.
TEST(MarketFrames, StructsOfTheHouseAreThoseOfTheSchema) {
  const auto mbo_words = aligned(golden("frame_mbo_1"));
  const v1::Frame* frame = v1::GetFrame(mbo_words.data());
  const wire::FrameHeader header = golden_header(wire::Channel::mbo, 32);
  EXPECT_EQ(frame->hdr()->prev_seq(), header.prev_seq);
  EXPECT_EQ(frame->hdr()->first_seq(), header.first_seq);
  EXPECT_EQ(frame->hdr()->last_seq(), header.last_seq);
  EXPECT_EQ(frame->hdr()->ts_pub(), header.ts_pub);
  EXPECT_EQ(frame->hdr()->stream_id(), header.stream_id);
  EXPECT_EQ(frame->hdr()->epoch(), header.epoch);
  EXPECT_EQ(frame->hdr()->channel(), 1);
  EXPECT_EQ(frame->hdr()->flags(), header.flags);
  const v1::MboEvent* event = frame->mbo()->Get(0);
  EXPECT_EQ(event->seq(), 0x0102030405060708u);
  EXPECT_EQ(event->ts_event(), 0x1112131415161718u);
  EXPECT_EQ(event->order_id(), 0x2122232425262728u);
  EXPECT_EQ(event->price(), -0x3132333435363738);
  EXPECT_EQ(event->size(), 0x4142434445464748u);
  EXPECT_EQ(event->aux(), 0x5152535455565758u);
  EXPECT_EQ(event->rpt_seq(), 0x6162636465666768u);
  EXPECT_EQ(event->instrument_id(), 0x71727374u);
  EXPECT_EQ(event->action(), 'A');
  EXPECT_EQ(event->side(), 'B');
  EXPECT_EQ(event->flags(), 0x8182);

  const auto trade_words = aligned(golden("frame_trade"));
  const v1::Trade* trade = v1::GetFrame(trade_words.data())->trade()->Get(0);
  EXPECT_EQ(trade->price(), -0x2122232425262728);
  EXPECT_EQ(trade->size(), 0x3132333435363738u);
  EXPECT_EQ(trade->match_id(), 0x4142434445464748u);
  EXPECT_EQ(trade->maker_order_id(), 0x5152535455565758u);
  EXPECT_EQ(trade->taker_order_id(), 0x6162636465666768u);
  EXPECT_EQ(trade->rpt_seq(), 0x7172737475767778u);
  EXPECT_EQ(trade->instrument_id(), 0x81828384u);
  EXPECT_EQ(trade->kind(), 'B');
  EXPECT_EQ(trade->side(), 'A');
  EXPECT_EQ(trade->flags(), 0x9192);

  const auto bbo_words = aligned(golden("frame_bbo"));
  const v1::Bbo* bbo = v1::GetFrame(bbo_words.data())->bbo()->Get(0);
  EXPECT_EQ(bbo->bid_px(), -0x2122232425262728);
  EXPECT_EQ(bbo->ask_px(), wire::price_none);
  EXPECT_EQ(bbo->bid_sz(), 0x3132333435363738u);
  EXPECT_EQ(bbo->ask_sz(), 0x4142434445464748u);
  EXPECT_EQ(bbo->rpt_seq(), 0x5152535455565758u);
  EXPECT_EQ(bbo->instrument_id(), 0x61626364u);
  EXPECT_EQ(bbo->bid_ct(), 0x71727374u);
  EXPECT_EQ(bbo->ask_ct(), 0x81828384u);
  EXPECT_EQ(bbo->flags(), 0x9192);

  const auto status_words = aligned(golden("frame_status"));
  const v1::Status* status = v1::GetFrame(status_words.data())->status()->Get(0);
  EXPECT_EQ(status->rpt_seq(), 0x2122232425262728u);
  EXPECT_EQ(status->instrument_id(), 0x31323334u);
  EXPECT_EQ(status->action(), 0x4142);
  EXPECT_EQ(status->reason(), 0x5152);
  EXPECT_EQ(status->trading_event(), 0x6162);
  EXPECT_EQ(status->is_trading(), 'Y');
  EXPECT_EQ(status->is_quoting(), '~');
  EXPECT_EQ(status->flags(), 0x7172);

  const auto system_words = aligned(golden("frame_system"));
  const v1::StreamPos* position = v1::GetFrame(system_words.data())->system()->positions()->Get(0);
  EXPECT_EQ(position->last_seq(), 0x0102030405060708u);
  EXPECT_EQ(position->stream_id(), 0x11121314u);
}

TEST(MarketFrames, AHeaderIsPatchedInPlaceAtAnyAlignment) {
  const std::vector<std::byte> bytes = golden("frame_mbo_1");
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::vector<std::byte> shifted(bytes.size() + shift);
    std::memcpy(shifted.data() + shift, bytes.data(), bytes.size());
    const std::span<std::byte> frame{shifted.data() + shift, bytes.size()};
    wire::FrameHeader header = header_of(frame);
    EXPECT_TRUE(same_bytes(header, golden_header(wire::Channel::mbo, 32)));
    header.prev_seq = 77;
    set_header(frame, header);
    const auto words = aligned(frame);
    const auto view = read(words, bytes.size());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header.prev_seq, 77u);
    EXPECT_EQ(view->header.first_seq, 0x2021222324252627u);
  }
}

TEST(MarketFrames, ATruncatedFrameIsRefused) {
  for (const auto& [name, bytes] : golden_frames()) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      // In memory of exactly this size, so that a sanitizer sees any step beyond.
      std::vector<std::uint64_t> words((length + 7) / 8 + 1);
      std::memcpy(words.data(), bytes.data(), length);
      const auto view = read(words, length);
      // Zeros of padding may be all that is missing.
      if (length + 8 >= bytes.size()) continue;
      EXPECT_FALSE(view) << name << " cut to " << length;
    }
  }
}

TEST(MarketFrames, AForeignIdentifierAndASizePrefixAreRefused) {
  auto words = aligned(golden("frame_mbo_1"));
  auto* const bytes = reinterpret_cast<char*>(words.data());
  bytes[4] = 'X';
  EXPECT_FALSE(read(words, words.size() * 8));

  const std::vector<std::byte> frame = golden("frame_mbo_1");
  std::vector<std::byte> prefixed(4 + frame.size());
  const auto length = static_cast<std::uint32_t>(frame.size());
  std::memcpy(prefixed.data(), &length, 4);
  std::memcpy(prefixed.data() + 4, frame.data(), frame.size());
  const auto prefixed_words = aligned(prefixed);
  EXPECT_FALSE(read(prefixed_words, prefixed.size()));
}

TEST(MarketFrames, APayloadThatIsNotTheChannelsIsRefused) {
  auto bytes = golden("frame_mbo_1");
  wire::FrameHeader header = header_of(bytes);
  header.channel = wire::Channel::trade;
  set_header(bytes, header);
  const auto words = aligned(bytes);
  EXPECT_FALSE(read(words, bytes.size()));
}

TEST(MarketFrames, FlippedBitsAreRefusedOrReadWithinTheFrame) {
  constexpr std::uint64_t seed = 20240101;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::size_t refused = 0;
  for (const auto& [name, bytes] : golden_frames()) {
    for (int round = 0; round < 2000; ++round) {
      auto harmed = bytes;
      for (int flips = 0; flips < 1 + round % 4; ++flips) {
        harmed[random() % harmed.size()] ^= static_cast<std::byte>(1u << random() % 8);
      }
      const auto words = aligned(harmed);
      const auto view = read(words, harmed.size());
      if (!view) {
        ++refused;
        continue;
      }
      std::uint64_t sum = 0;
      for (const wire::MboEvent& event : view->mbo) sum += event.seq;
      for (const wire::Trade& trade : view->trade) sum += trade.seq;
      for (const wire::Bbo& best : view->bbo) sum += best.seq;
      for (const wire::Imbalance& imbalance : view->imbalance) sum += imbalance.seq;
      if (view->definition) sum += view->definition->symbol.size();
      if (view->system) sum += view->system->positions.size();
      EXPECT_NE(sum + 1, 0u);
    }
  }
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace bourse
