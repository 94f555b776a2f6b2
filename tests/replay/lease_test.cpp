// The lease against a store that answers, does not answer, or does what it was asked and says
// nothing.
#include "replay/stream/lease.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "tests/test_seed.h"  // test_seed

namespace bourse {
namespace {

constexpr std::int64_t ms = 1'000'000;

class StoreInMemory : public LeaseStore {
 public:
  Result<std::optional<Entry>> read(const std::string&) override {
    if (!is_up) return unreachable();
    return entry;
  }
  Result<std::optional<std::uint64_t>> write(const std::string&, const std::string& value,
                                             std::uint64_t expected) override {
    if (!is_up) return unreachable();
    if ((entry ? entry->revision : 0) != expected) return std::nullopt;
    entry = Entry{++revisions, value};
    if (loses_answers) return unreachable();
    return revisions;
  }

  std::optional<Entry> entry;
  std::uint64_t revisions = 0;
  bool is_up = true;
  bool loses_answers = false;

 private:
  static std::unexpected<Error> unreachable() {
    return fail(ExitCode::unreachable, "no answer from the store", "nats://127.0.0.1:4222");
  }
};

struct LeaseTest : ::testing::Test {
  StoreInMemory store;
  std::int64_t now = 1'000'000'000'000;

  LeaseOptions options(const char* node, bool may_found) const {
    LeaseOptions out;
    out.node = node;
    out.may_found = may_found;
    return out;
  }
  Lease a{store, options("a", true), "life-a"};
  Lease b{store, options("b", false), "life-b"};

  // Both step every 300 ms.
  void pass(std::int64_t milliseconds, bool with_a = true, bool with_b = true) {
    for (std::int64_t passed = 0; passed < milliseconds; passed += 300) {
      now += 300 * ms;
      if (with_a) a.step(now);
      if (with_b) b.step(now);
    }
  }
  void a_leads() {
    a.may_take(true, Epoch{0});
    b.may_take(true, Epoch{0});
    pass(600);
    ASSERT_EQ(a.state(), LeaseState::held);
    ASSERT_EQ(b.state(), LeaseState::candidate);
  }
};

TEST_F(LeaseTest, TheFirstNodeFoundsItAndAStandbyDoesNot) {
  b.may_take(true, Epoch{0});
  pass(30'000, false);
  EXPECT_EQ(b.state(), LeaseState::candidate);
  EXPECT_FALSE(store.entry);
  a_leads();
  EXPECT_EQ(a.epoch(), Epoch{1});
  EXPECT_EQ(b.leader()->node, "a");
}

TEST_F(LeaseTest, AHolderThatRenewsKeepsIt) {
  a_leads();
  pass(60'000);
  EXPECT_EQ(a.state(), LeaseState::held);
  EXPECT_EQ(b.state(), LeaseState::candidate);
  EXPECT_GE(a.renewals(), 200u);
}

TEST_F(LeaseTest, AStandbyTakesItAfterTheTimeAndNotBefore) {
  a_leads();
  pass(9'900, false);
  EXPECT_EQ(b.state(), LeaseState::candidate);
  pass(600, false);
  EXPECT_EQ(b.state(), LeaseState::held);
  EXPECT_EQ(b.epoch(), Epoch{2});
}

TEST_F(LeaseTest, TheEpochIsAboveThatOfTheLogToo) {
  a_leads();
  b.may_take(true, Epoch{7});
  pass(12'000, false);
  EXPECT_EQ(b.epoch(), Epoch{8});
}

TEST_F(LeaseTest, AnExchangeWithAnotherNumberOfChannelsIsNotTakenOver) {
  LeaseOptions three = options("c", false);
  three.channels = 3;
  Lease c{store, three, "life-c"};
  a_leads();
  c.may_take(true, Epoch{0});
  for (std::int64_t passed = 0; passed < 60'000; passed += 300) c.step(now += 300 * ms);
  EXPECT_EQ(c.state(), LeaseState::candidate);
  ASSERT_TRUE(c.last_error());
  EXPECT_EQ(c.last_error()->code, ExitCode::bad_config);
  EXPECT_EQ(c.leader()->channels, 1u);
  // Written by a node that did not say the number.
  const std::string text = store.entry->value;
  store.entry->value = text.substr(0, text.find(R"(,"channels")")) + "}";
  for (std::int64_t passed = 0; passed < 12'000; passed += 300) c.step(now += 300 * ms);
  EXPECT_EQ(c.state(), LeaseState::held);
}

TEST_F(LeaseTest, WhoMayNotTakeItDoesNot) {
  a_leads();
  b.may_take(false, Epoch{0});
  pass(60'000, false);
  EXPECT_EQ(b.state(), LeaseState::candidate);
}

TEST_F(LeaseTest, Row23AZombieThatWakesUpFindsItLost) {
  a_leads();
  pass(12'000, false);  // a is stopped
  ASSERT_EQ(b.state(), LeaseState::held);
  const auto leads = a.confirm(now);
  ASSERT_TRUE(leads);
  EXPECT_FALSE(*leads);
  EXPECT_EQ(a.state(), LeaseState::lost);
  EXPECT_EQ(a.leader()->node, "b");
  pass(60'000);
  EXPECT_EQ(a.state(), LeaseState::lost) << "for good";
  EXPECT_EQ(b.state(), LeaseState::held);
}

TEST_F(LeaseTest, OneThatIsGivenBackIsTakenAtOnce) {
  a_leads();
  a.release();
  EXPECT_EQ(a.state(), LeaseState::lost);
  pass(300, false);
  EXPECT_EQ(b.state(), LeaseState::held);
}

TEST_F(LeaseTest, TimeInWhichTheStoreDidNotAnswerDoesNotCount) {
  a_leads();
  pass(6'000, false);
  store.is_up = false;
  pass(30'000, false);
  store.is_up = true;
  pass(9'900, false);
  EXPECT_EQ(b.state(), LeaseState::candidate);
  pass(900, false);
  EXPECT_EQ(b.state(), LeaseState::held);
}

TEST_F(LeaseTest, AHolderWithoutAnAnswerIsUnsureBeforeAnotherOneMayTakeIt) {
  a_leads();
  store.is_up = false;
  pass(8'700, true, false);
  EXPECT_EQ(a.state(), LeaseState::held);
  pass(600, true, false);
  EXPECT_EQ(a.state(), LeaseState::unsure);
  EXPECT_FALSE(a.confirm(now)) << "not known, which is neither yes nor no";
  store.is_up = true;
  pass(300);
  EXPECT_EQ(a.state(), LeaseState::held) << "nobody took it";
  EXPECT_TRUE(a.confirm(now).value_or(false));
}

TEST_F(LeaseTest, ARenewalWhoseAnswerWasLostIsStillOurs) {
  a_leads();
  store.loses_answers = true;
  pass(3'000);
  EXPECT_EQ(a.state(), LeaseState::held);
  store.loses_answers = false;
  pass(30'000);
  EXPECT_EQ(a.state(), LeaseState::held);
  EXPECT_EQ(a.epoch(), Epoch{1});
  EXPECT_EQ(b.state(), LeaseState::candidate);
}

TEST_F(LeaseTest, ATakeoverWhoseAnswerWasLostIsNoTakeoverByAnother) {
  a_leads();
  store.loses_answers = true;
  pass(12'000, false);
  EXPECT_EQ(b.state(), LeaseState::candidate);
  store.loses_answers = false;
  pass(600, false);
  EXPECT_EQ(b.state(), LeaseState::held);
  EXPECT_EQ(b.epoch(), Epoch{2});
  pass(300, true, false);
  EXPECT_EQ(a.state(), LeaseState::lost);
}

TEST_F(LeaseTest, TheSameNodeStartedAgainIsAnotherOne) {
  a_leads();
  Lease again(store, options("a", true), "life-a2");
  again.may_take(true, Epoch{1});
  EXPECT_EQ(again.step(now), LeaseState::candidate);
  for (int i = 0; i < 40; ++i) again.step(now += 300 * ms);
  EXPECT_EQ(again.state(), LeaseState::held);
  EXPECT_EQ(again.epoch(), Epoch{2});
}

TEST_F(LeaseTest, AHolderMakesTheKeyAgainThatAStoreHasLost) {
  a_leads();
  store.entry.reset();
  pass(600);
  EXPECT_EQ(a.state(), LeaseState::held);
  EXPECT_EQ(a.epoch(), Epoch{1});
  EXPECT_EQ(b.state(), LeaseState::candidate);
}

TEST_F(LeaseTest, Row23AZombieDoesNotMakeTheKeyAgainBeforeWhoLeads) {
  a_leads();
  pass(12'000, false);
  ASSERT_EQ(b.state(), LeaseState::held);
  store.entry.reset();
  pass(300, true, false);  // the zombie comes first
  EXPECT_EQ(a.state(), LeaseState::unsure);
  EXPECT_FALSE(store.entry);
  pass(300, false);
  EXPECT_EQ(b.state(), LeaseState::held);
  pass(300, true, false);
  EXPECT_EQ(a.state(), LeaseState::lost);
}

TEST_F(LeaseTest, AStandbyThatKnewTheLeaderMakesTheKeyAgainWhenNobodyElseDoes) {
  a_leads();
  store.entry.reset();
  pass(19'800, false);
  EXPECT_EQ(b.state(), LeaseState::candidate);
  pass(900, false);
  EXPECT_EQ(b.state(), LeaseState::held);
  EXPECT_EQ(b.epoch(), Epoch{2});
  pass(300, true, false);
  EXPECT_EQ(a.state(), LeaseState::lost);
}

TEST_F(LeaseTest, AValueThatCannotBeReadIsNeverTakenOver) {
  store.entry = LeaseStore::Entry{1, "somebody else's"};
  store.revisions = 1;
  a.may_take(true, Epoch{0});
  pass(60'000, true, false);
  EXPECT_EQ(a.state(), LeaseState::candidate);
  ASSERT_TRUE(a.last_error());
  EXPECT_EQ(a.last_error()->code, ExitCode::data_damaged);
}

TEST(LeaseValue, IsReadAsItWasWritten) {
  const LeaseValue value{.epoch = Epoch{7},
                         .node = "left",
                         .life = "0f",
                         .url = "wss://10.0.0.1:9443",
                         .released = true,
                         .channels = 3};
  const auto again = parse_lease(lease_text(value));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, value);
  for (const char* text :
       {"", "{}", "[]", R"({"epoch":0,"node":"","life":"x","url":"","released":false})",
        R"({"epoch":1,"node":"","life":"","url":"","released":false})",
        R"({"epoch":1,"node":"","life":"x","url":"","released":false,"channels":"3"})"})
    EXPECT_FALSE(parse_lease(text)) << text;
}

// Any number of nodes that are stopped, a store that fails or loses answers: who believes to hold
// it has the highest epoch that was ever held, or finds out at its next step.
TEST(LeaseProperty, TwoNodesNeverRenewTheSameEpoch) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  std::uint64_t takeovers = 0;
  for (int round = 0; round < 200; ++round) {
    StoreInMemory store;
    std::vector<std::unique_ptr<Lease>> nodes;
    for (int i = 0; i < 3; ++i) {
      LeaseOptions options;
      options.node = std::to_string(i);
      options.may_found = i == 0;
      nodes.push_back(std::make_unique<Lease>(store, options, "life-" + std::to_string(i)));
      nodes.back()->may_take(true, Epoch{0});
    }
    std::vector<std::int64_t> asleep(nodes.size(), 0);
    std::map<std::uint32_t, std::size_t> owner;
    std::int64_t now = 1'000'000'000;
    for (int step = 0; step < 1000; ++step) {
      now += 300 * ms;
      if (random() % 50 == 0) store.is_up = !store.is_up;
      store.loses_answers = random() % 8 == 0;
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (random() % 60 == 0) asleep[i] = now + static_cast<std::int64_t>(random() % 20'000) * ms;
        if (now < asleep[i]) continue;
        const std::uint64_t before = nodes[i]->renewals();
        nodes[i]->step(now);
        if (nodes[i]->renewals() == before) continue;
        const std::uint32_t epoch = nodes[i]->epoch().value();
        const auto [at, is_new] = owner.emplace(epoch, i);
        ASSERT_EQ(at->second, i) << "epoch " << epoch << ", seed " << seed;
        ASSERT_EQ(owner.rbegin()->first, epoch) << "renewed an old epoch, seed " << seed;
        takeovers += is_new ? 1 : 0;
      }
    }
  }
  EXPECT_GT(takeovers, 300u) << "the faults were too few to say anything";
}

}  // namespace
}  // namespace bourse
