// What was defined before a sequence, without reading all that lies before it.
#include "replay/snapshot/definitions.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>

#include "replay/log/segment_reader.h"        // finish_footer
#include "replay/log/snapshot_catalog.h"      // snapshot_path
#include "tests/replay/market_log_fixture.h"  // MarketLogFixture

namespace bourse {
namespace {

class Definitions : public MarketLogFixture {
 protected:
  using Known = std::map<std::uint32_t, std::string>;

  // EX.C comes in the middle of the log, EX.D in its open segment.
  void SetUp() override {
    begin(std::uint64_t{256} << 10, test_seed());
    trade(2'000);
    market->define("EX.C");
    middle = head();
    trade(2'000);
    market->define("EX.D");
    late = head();
    trade(10);
  }
  Known known_before(std::uint64_t from) const {
    Known known;
    if (from > 2) known[1] = "EX.A";
    if (from > 3) known[2] = "EX.B";
    if (from > middle) known[3] = "EX.C";
    if (from > late) known[4] = "EX.D";
    return known;
  }
  Known found_before(std::uint64_t from) const {
    const auto found = definitions_before(*log, Sequence{from});
    EXPECT_TRUE(found) << found.error().text();
    Known known;
    if (!found) return known;
    for (const Definition& definition : *found) {
      known[definition.symbol.value()] = definition.instrument.symbol_view();
    }
    return known;
  }
  void expect_right_everywhere() const {
    for (std::uint64_t from = 1; from <= head() + 1; from += from < 10 ? 1 : 61) {
      EXPECT_EQ(found_before(from), known_before(from)) << "before sequence " << from;
    }
    for (const std::uint64_t from : {middle, middle + 1, late, late + 1, head() + 1}) {
      EXPECT_EQ(found_before(from), known_before(from)) << "before sequence " << from;
    }
  }
  std::uint64_t bytes_read_for(std::uint64_t from) {
    std::uint64_t read = 0;
    disk->set_fault([&read](DiskCall call, const std::filesystem::path&, std::size_t& bytes) {
      if (call == DiskCall::read) read += bytes;
      return 0;
    });
    EXPECT_EQ(found_before(from), known_before(from));
    disk->set_fault({});
    return read;
  }
  std::uint64_t log_bytes() {
    std::uint64_t sum = 0;
    for (const char* suffix : {".seg", ".open"}) {
      for (const auto& file : files(suffix)) sum += end_of_data(file);
    }
    return sum;
  }

  std::uint64_t middle = 0;
  std::uint64_t late = 0;
};

TEST_F(Definitions, AreThoseBeforeTheSequence) { expect_right_everywhere(); }

TEST_F(Definitions, OfALogThatWasOpenedAgainAreTheSame) {
  drop();
  must_open();
  expect_right_everywhere();
}

TEST_F(Definitions, AreFoundWithoutReadingWhatDefinesNothing) {
  drop();
  must_open();  // what lies in the open segment is known from recovery
  const std::uint64_t all = log_bytes();
  ASSERT_GT(files(".seg").size(), 3U);
  EXPECT_LT(bytes_read_for(head() + 1), all / 3);
  EXPECT_LT(bytes_read_for(middle - 1), all / 3);
}

TEST_F(Definitions, WhereAFooterDoesNotTellAreReadFromTheRecords) {
  drop();
  for (const auto& file : files(".seg")) {
    auto& all = bytes(file);
    SegmentFooter footer{};
    std::memcpy(&footer, all.data() + all.size() - sizeof footer, sizeof footer);
    EXPECT_GE(footer.definitions_end, segment_header_bytes);
    footer.definitions_end = 0;
    finish_footer(footer);
    std::memcpy(all.data() + all.size() - sizeof footer, &footer, sizeof footer);
  }
  must_open();
  expect_right_everywhere();
}

TEST_F(Definitions, AreTakenFromASnapshotAndADamagedOneIsPassedOver) {
  const Sequence first = snapshot();
  trade(1'000);
  const Sequence second = snapshot();
  trade(500);
  expect_right_everywhere();
  for (const std::uint64_t at : {std::uint64_t{40}, std::uint64_t{600}}) {
    flip_byte(snapshot_path(directory, second), at);
    expect_right_everywhere();
  }
  flip_byte(snapshot_path(directory, first), 40);
  expect_right_everywhere();
}

}  // namespace
}  // namespace bourse
