// What other engines agree on: hand-made cases and whole streams of the public matching challenge,
// through the adapter, report by report.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "bench/challenge_adapter/challenge_abi.h"  // engine_...
#include "tests/data_folder.h"                      // data_folder, data_missing

namespace bourse {
namespace {

std::vector<char> file_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<char> unpacked(const std::filesystem::path& path) {
  const std::vector<char> packed = file_bytes(path);
  std::vector<char> bytes(ZSTD_getFrameContentSize(packed.data(), packed.size()));
  const std::size_t size =
      ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size());
  EXPECT_FALSE(ZSTD_isError(size)) << path;
  bytes.resize(size);
  return bytes;
}

std::string line_of(const me_report_t& r) {
  std::ostringstream out;
  out << int{r.type} << ',' << r.sequence_number << ',';
  switch (r.type) {
    case 1:
      out << r.price_ticks << ',' << r.quantity << ',' << r.maker_order_id << ','
          << r.taker_order_id;
      break;
    case 2:
      out << int{r.side} << ',' << r.order_id << ',' << r.price_ticks;
      break;
    case 4:
    case 5:
      out << r.order_id;
      break;
    default:
      out << int{r.side} << ',' << r.order_id << ',' << r.price_ticks << ',' << r.quantity;
  }
  return out.str();
}

// The adapter with its own ring, drained by hand after every message.
class AdapterSession {
 public:
  AdapterSession() : transport_(engine_get_transport()), sink_(transport_->create(1 << 14)) {
    engine_init(23, transport_, sink_);
  }
  ~AdapterSession() {
    engine_shutdown();
    transport_->destroy(sink_);
  }
  AdapterSession(const AdapterSession&) = delete;
  AdapterSession& operator=(const AdapterSession&) = delete;

  void send(const me_msg_t& message) {
    engine_on_batch(&message, 1);
    engine_flush();
    me_report_t report{};
    while (transport_->drain(sink_, &report, 1) == 1) reports.push_back(report);
  }
  // Sorted by sequence and type, as the expected streams are.
  std::vector<std::string> lines() const {
    std::vector<std::tuple<std::uint64_t, std::uint8_t, std::size_t>> order;
    for (const me_report_t& report : reports) {
      order.emplace_back(report.sequence_number, report.type, order.size());
    }
    std::ranges::sort(order);
    std::vector<std::string> lines;
    for (const auto& [sequence, type, at] : order) lines.push_back(line_of(reports[at]));
    return lines;
  }

  std::vector<me_report_t> reports;

 private:
  const transport_t* transport_;
  void* sink_;
};

me_msg_t message_of(std::uint8_t type, std::uint8_t side, bool ioc, std::uint32_t quantity,
                    std::uint64_t sequence, std::uint64_t id, std::int64_t price) {
  me_msg_t message{};
  message.type = type;
  if (type == 0) {
    message.new_order = {id, sequence, price, quantity, side, ioc, {}};
  } else if (type == 1) {
    message.cancel = {id, sequence};
  } else {
    message.modify = {id, sequence, price, quantity, side, {}};
  }
  return message;
}

me_msg_t message_of(simdjson::dom::element json, std::uint64_t sequence) {
  const std::string_view op = json["op"];
  const std::string_view side = json["side"];
  const std::uint8_t type = op == "new" ? 0 : op == "cancel" ? 1 : 2;
  return message_of(type, side == "sell", bool{json["ioc"]},
                    static_cast<std::uint32_t>(std::uint64_t{json["qty"]}), sequence,
                    std::uint64_t{json["id"]}, std::int64_t{json["price"]});
}

TEST(Consensus, EveryEdgeCaseGivesItsReportsAndItsBestPrices) {
  const auto folder = data_folder("match_edge_cases");
  if (!folder) GTEST_SKIP() << data_missing("match_edge_cases");
  simdjson::dom::parser parser;
  const std::vector<char> bytes = file_bytes(*folder / "edge_cases.jsonl");
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  std::size_t case_count = 0;
  for (std::string line; std::getline(lines, line);) {
    const simdjson::dom::element test = parser.parse(line);
    SCOPED_TRACE(std::string_view(test["case"]));
    ++case_count;
    AdapterSession session;
    std::vector<std::string> expected;
    for (const std::string_view report : test["reports"]) expected.emplace_back(report);
    simdjson::dom::array best = test["bbo_after_each"];
    auto best_now = best.begin();
    std::uint64_t sequence = 0;
    for (const simdjson::dom::element message : test["messages"]) {
      session.send(message_of(message, sequence));
      const simdjson::dom::element bid = (*best_now).at(0);
      const simdjson::dom::element ask = (*best_now).at(1);
      ASSERT_EQ(engine_query_best_bid(),
                bid.is_null() ? std::numeric_limits<std::int64_t>::min() : std::int64_t{bid})
          << "after message " << sequence;
      ASSERT_EQ(engine_query_best_ask(),
                ask.is_null() ? std::numeric_limits<std::int64_t>::max() : std::int64_t{ask})
          << "after message " << sequence;
      ++best_now;
      ++sequence;
    }
    EXPECT_EQ(session.lines(), expected);
  }
  EXPECT_EQ(case_count, 34u);
}

class ConsensusStreamTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ConsensusStreamTest, GivesTheReportStreamByteForByte) {
  const auto folder = data_folder("match_consensus_small");
  if (!folder) GTEST_SKIP() << data_missing("match_consensus_small");
  const std::string name = GetParam();
  const std::vector<char> stream = unpacked(*folder / (name + ".bin.zst"));
  const std::vector<char> expected = unpacked(*folder / (name + ".reports.txt.zst"));
  struct Record {
    std::uint8_t type, side, ioc, pad;
    std::uint32_t quantity;
    std::uint64_t sequence, order_id;
    std::int64_t price, reserved;
  };
  static_assert(sizeof(Record) == 40);
  ASSERT_EQ(stream.size() % sizeof(Record), 16u);
  std::uint32_t count = 0;
  std::memcpy(&count, stream.data() + 12, sizeof count);
  ASSERT_EQ(stream.size(), 16 + count * sizeof(Record));

  AdapterSession session;
  for (std::uint32_t i = 0; i < count; ++i) {
    Record r{};
    std::memcpy(&r, stream.data() + 16 + i * sizeof r, sizeof r);
    session.send(
        message_of(r.type, r.side, r.ioc != 0, r.quantity, r.sequence, r.order_id, r.price));
  }
  std::string got;
  for (const std::string& line : session.lines()) got += (got.empty() ? "" : "\n") + line;
  const auto [at, same] = std::ranges::mismatch(got, expected);
  ASSERT_TRUE(at == got.end() && same == expected.end())
      << "differs in line " << std::count(got.begin(), at, '\n') + 1 << " from '"
      << std::string(same, std::find(same, expected.end(), '\n')) << "': '"
      << std::string(at, std::find(at, got.end(), '\n')) << "'";
}

INSTANTIATE_TEST_SUITE_P(Small, ConsensusStreamTest,
                         ::testing::Values("normal_s1_n20000", "flash-crash_s1_n20000"),
                         [](const auto& stream) { return std::string(stream.param).substr(0, 5); });

TEST(ChallengeAdapter, IdsOfSixtyFourBitsComeBackWhole) {
  AdapterSession session;
  const std::uint64_t big = (std::uint64_t{7} << 40) + 5;
  session.send(message_of(0, 0, false, 10, 1, big, 100));
  session.send(message_of(0, 1, false, 4, 2, big + 1, 100));
  session.send(message_of(1, 0, false, 0, 3, big, 0));
  const std::vector<std::string> expected = {
      "0,1,0," + std::to_string(big) + ",100,10", "0,2,1," + std::to_string(big + 1) + ",100,4",
      "1,2,100,4," + std::to_string(big) + "," + std::to_string(big + 1),
      "2,3,0," + std::to_string(big) + ",100"};
  EXPECT_EQ(session.lines(), expected);
}

TEST(ChallengeAdapter, DepthIsToldForAnyPrice) {
  AdapterSession session;
  session.send(message_of(0, 0, false, 10, 1, 1, 100));
  session.send(message_of(0, 0, false, 5, 2, 2, 100));
  EXPECT_EQ(engine_query_depth_at(100, 0), 15u);
  EXPECT_EQ(engine_query_depth_at(100, 1), 0u);
  EXPECT_EQ(engine_query_depth_at(std::numeric_limits<std::int64_t>::min(), 0), 0u);
  EXPECT_EQ(engine_query_depth_at(std::numeric_limits<std::int64_t>::max(), 1), 0u);
}

}  // namespace
}  // namespace bourse
