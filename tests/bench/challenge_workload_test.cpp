#include "bench/load/challenge_workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "matching/state_hash.h"  // mix64

namespace bourse {
namespace {

constexpr std::uint32_t count = 20'000;

const MarketShape& shape_named(std::string_view name) {
  return *std::ranges::find_if(market_shapes,
                               [&](const MarketShape& shape) { return shape.name == name; });
}

// Every field of every message, in order.
std::uint64_t digest_of(const ChallengeWorkload& workload) {
  std::uint64_t digest = 0;
  const auto add = [&](std::uint64_t field) { digest = mix64(digest + field + hash_weights[0]); };
  for (const me_msg_t& m : workload.messages) {
    add(m.type);
    if (m.type == 0) {
      add(m.new_order.order_id);
      add(m.new_order.sequence_number);
      add(static_cast<std::uint64_t>(m.new_order.price_ticks));
      add(m.new_order.quantity);
      add(m.new_order.side * 2u + m.new_order.ioc);
    } else if (m.type == 1) {
      add(m.cancel.order_id);
      add(m.cancel.sequence_number);
    } else {
      add(m.modify.order_id);
      add(m.modify.sequence_number);
      add(static_cast<std::uint64_t>(m.modify.new_price_ticks));
      add(m.modify.new_quantity);
      add(m.modify.side);
    }
  }
  return digest;
}

TEST(ChallengeWorkload, IsTheSameForTheSameSeedAndAnotherForAnother) {
  for (const MarketShape& shape : market_shapes) {
    SCOPED_TRACE(shape.name);
    const std::uint64_t first = digest_of(make_challenge_workload(shape, 23, count));
    EXPECT_EQ(first, digest_of(make_challenge_workload(shape, 23, count)));
    EXPECT_NE(first, digest_of(make_challenge_workload(shape, 24, count)));
  }
}

void expect_well_formed(const MarketShape& shape) {
  const ChallengeWorkload workload = make_challenge_workload(shape, 23, count);
  std::set<std::uint64_t> ids;
  std::uint64_t sequence = 0;
  std::uint32_t buys = 0;
  for (const me_msg_t& m : workload.messages) {
    if (m.type == 0) {
      EXPECT_EQ(m.new_order.sequence_number, sequence);
      EXPECT_TRUE(ids.insert(m.new_order.order_id).second);
      EXPECT_GE(m.new_order.price_ticks, 1);
      EXPECT_TRUE(m.new_order.quantity >= 1 && m.new_order.quantity <= 100);
      buys += m.new_order.side == 0 ? 1 : 0;
    } else if (m.type == 1) {
      EXPECT_EQ(m.cancel.sequence_number, sequence);
      EXPECT_TRUE(ids.contains(m.cancel.order_id));
    } else {
      EXPECT_EQ(m.modify.sequence_number, sequence);
      EXPECT_TRUE(ids.contains(m.modify.order_id));
      EXPECT_GE(m.modify.new_price_ticks, 1);
    }
    ++sequence;
  }
  EXPECT_EQ(ids.size(), count);
  EXPECT_EQ(buys, count / 2);
  EXPECT_EQ(workload.new_count + workload.cancel_count + workload.modify_count, sequence);
}

TEST(ChallengeWorkload, NumbersItsMessagesAndNamesEveryOrderOnce) {
  for (const MarketShape& shape : market_shapes) {
    SCOPED_TRACE(shape.name);
    expect_well_formed(shape);
  }
}

// Shares of the public streams of 20,000 new orders: 2,988 IOC, 16,408 cancels, 3,554 modifies.
TEST(ChallengeWorkload, HasTheMixOfTheChallenge) {
  const ChallengeWorkload workload = make_challenge_workload(shape_named("normal"), 1, count);
  EXPECT_EQ(workload.new_count, count);
  EXPECT_NEAR(workload.ioc_count, 3'000, 200);
  EXPECT_NEAR(workload.cancel_count, 16'470, 250);
  EXPECT_NEAR(workload.modify_count, 3'460, 250);
}

// Every compiler, standard library and flag must give this stream, or two figures of one seed
// were made of two streams.
TEST(ChallengeWorkload, IsTheSameOnEveryMachine) {
  EXPECT_EQ(digest_of(make_challenge_workload(shape_named("flash-crash"), 23, count)),
            7970459264671853223u);
  EXPECT_EQ(digest_of(make_challenge_workload(shape_named("leaps"), 23, count)),
            2671874655219272158u);
}

TEST(ChallengeWorkload, StaysAboutTheMiddleWhenItIsStatic) {
  const ChallengeWorkload workload = make_challenge_workload(shape_named("static"), 23, count);
  for (const me_msg_t& m : workload.messages) {
    if (m.type != 0) continue;
    const std::int64_t away = m.new_order.price_ticks - 33'504;
    EXPECT_TRUE(m.new_order.side == 0 ? away < 0 : away > 0);
  }
}

TEST(ChallengeWorkload, SpreadsWideIdsOver64Bits) {
  const ChallengeWorkload workload = make_challenge_workload(shape_named("wide-ids"), 23, count);
  std::map<std::uint64_t, std::uint32_t> by_high_bits;
  for (const me_msg_t& m : workload.messages) {
    if (m.type == 0) ++by_high_bits[m.new_order.order_id >> 60];
  }
  EXPECT_EQ(by_high_bits.size(), 16u);
}

}  // namespace
}  // namespace bourse
