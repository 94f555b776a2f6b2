// Orders of a gateway on their way to an engine, over a wire that loses, repeats and delays.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "matching/engine.h"                  // Engine
#include "matching/market_view.h"             // MarketViews
#include "matching/sequencer.h"               // Sequencer
#include "replay/log/log.h"                   // Log
#include "replay/stream/command_forwarder.h"  // CommandForwarder
#include "replay/stream/command_receiver.h"   // CommandReceiver
#include "tests/replay/simulated_disk.h"      // SimulatedDisk
#include "tests/test_seed.h"                  // test_seed

namespace bourse {
namespace {

constexpr std::int64_t ms = 1'000'000;
using Bytes = std::vector<std::byte>;

// An engine with its log, which is also the copy that the gateway follows.
struct CommandLink : testing::Test {
  void SetUp() override {
    auto opened = Log::open({.directory = "log",
                             .durability = Durability::memory,
                             .segment_bytes = std::uint64_t{1} << 20,
                             .helper_thread = false,
                             .disk = &disk});
    ASSERT_TRUE(opened) << opened.error().text();
    log = std::move(*opened);
    sequencer.emplace(engine, log->tail().writer(), views.writer(), Sequencer::Start{});
    Gate door = sequencer->add_gate("gateways", gate_capacity);
    Command define{};
    define.type = CommandType::define_instrument;
    define.symbol = SymbolId{1};
    define.instrument = {.symbol = "BTC-USD",
                         .base = "BTC",
                         .quote = "USD",
                         .tick_size_e9 = 10'000'000,
                         .lot_size = 1,
                         .quantity_min = QuantityLots{1},
                         .quantity_max = QuantityLots{1000},
                         .price_min = PriceTicks{1},
                         .price_max = PriceTicks{100'000},
                         .quantity_exponent = -8,
                         .reserved_ = {}};
    ASSERT_TRUE(sequencer->submit(define, time()));
    release();
    new_receiver(std::move(door));
    forwarder.emplace(
        link, *log, [this] { return followed; },
        [this](std::span<const std::byte> bytes) {
          if (is_connected) to_engine.emplace_back(bytes.begin(), bytes.end());
          return is_connected;
        },
        ForwarderOptions{.gateway = 77, .window_commands = window});
    gate.emplace(forwarder->add_gate(1024));
  }

  void new_receiver(Gate door) {
    receiver.emplace(std::move(door), Epoch{1}, [this] { return sequencer->last_sequence(); });
  }
  TimeNs time() const { return TimeNs{1'700'000'000'000'000'000 + now_ns}; }
  void release() {
    while (log->journal().step() == JournalWriter::Step::wrote) {
    }
  }

  // One millisecond of everybody.
  void turn() {
    now_ns += ms;
    while (forwarder->step(now_ns)) {
    }
    for (; !to_engine.empty(); to_engine.pop_front())
      if (!is_cut) deliver(to_engine.front());
    receiver->look_after(now_ns);
    if (executes) {
      sequencer->poll(time(), 1000);
      release();
    }
    receiver->look_after(now_ns);
    for (const CommandReceiver::Answer& answer : receiver->take_answers())
      if (!is_cut && !is_mute && !is_lost()) forwarder->hear(answer.bytes);
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) turn();
  }
  void deliver(Bytes& bytes) {
    if (is_lost()) return;
    receiver->take(bytes, "gateway", now_ns);
    if (random && (*random)() % 10 == 0) receiver->take(bytes, "gateway", now_ns);
    if (random && (*random)() % 10 == 0) late.push_back(bytes);
    if (random && (*random)() % 10 == 0 && !late.empty()) {
      receiver->take(late.front(), "gateway", now_ns);
      late.pop_front();
    }
  }
  bool is_lost() { return random && (*random)() % 5 == 0; }

  Command order(std::uint64_t client, std::uint32_t session = 5, bool ends_with_session = false) {
    Command command{};
    command.type = CommandType::new_order;
    command.symbol = SymbolId{1};
    command.account = AccountId{3};
    command.session = SessionId{session};
    command.client_sequence = ClientSequence{client};
    command.order_flags = ends_with_session ? order_flags::cancel_on_disconnect : std::uint8_t{0};
    command.order.price = PriceTicks{100};
    command.order.quantity = QuantityLots{1};
    command.order.side = Side::buy;
    command.order.type = OrderType::limit;
    command.order.time_in_force = TimeInForce::gtc;
    return command;
  }
  // Client sequences in the order in which the log has them; those that were refused negative.
  std::vector<std::int64_t> logged() {
    std::vector<std::int64_t> out;
    auto cursor = log->cursor(Sequence{1});
    while (cursor->next() == Cursor::Next::transaction) {
      const Command command = cursor->transaction().command();
      if (command.type != CommandType::new_order) continue;
      const bool is_refused = cursor->transaction().exec_event(0).type == ExecType::rejected;
      const auto client = static_cast<std::int64_t>(command.client_sequence.value());
      out.push_back(is_refused ? -client : client);
    }
    return out;
  }
  std::vector<Verdict> verdicts() { return link.take(AccountId{3}, SessionId{5}); }
  bool is_open() { return link.state().load() == GateState::open; }

  std::size_t gate_capacity = 256;
  std::size_t window = 512;
  SimulatedDisk disk;
  Engine engine{{.symbols_max = 4, .accounts_max = 16, .orders_max = 4096}};
  MarketViews views{4};
  std::unique_ptr<Log> log;
  std::optional<Sequencer> sequencer;
  EngineLink link;
  std::optional<CommandForwarder> forwarder;
  std::optional<CommandReceiver> receiver;
  std::optional<Gate> gate;
  Epoch followed{1};
  std::int64_t now_ns = 1'000'000 * ms;
  bool is_connected = true;
  bool is_cut = false;   // the wire, both ways
  bool is_mute = false;  // nothing comes back
  bool executes = true;
  std::optional<std::mt19937_64> random;
  std::deque<Bytes> to_engine;
  std::deque<Bytes> late;
};

TEST_F(CommandLink, TakesNothingBeforeTheEngineHasAnswered) {
  EXPECT_FALSE(gate->try_push(order(1)));
  turns(3);
  ASSERT_TRUE(is_open());
  ASSERT_TRUE(gate->try_push(order(1)));
  turns(2);
  EXPECT_EQ(logged(), (std::vector<std::int64_t>{1}));
  turns(5);
  EXPECT_EQ(forwarder->counters().under_way.load(), 0u);
}

TEST_F(CommandLink, DoesEachCommandOnceInItsOrderWhateverTheWireDoes) {
  random.emplace(test_seed());
  std::int64_t sent = 0;
  std::vector<std::int64_t> pushed;
  for (int i = 0; i < 20'000 && sent < 3000; ++i) {
    if (is_open() && gate->try_push(order(static_cast<std::uint64_t>(sent + 1))))
      pushed.push_back(++sent);
    turn();
  }
  random.reset();
  turns(3000);
  ASSERT_TRUE(is_open());
  ASSERT_EQ(sent, 3000);
  // Those of which it was told that they never were are not there; all others are, once.
  std::map<std::int64_t, bool> refused;
  for (const Verdict& verdict : verdicts())
    if (verdict.kind == Verdict::Kind::not_sequenced)
      refused[static_cast<std::int64_t>(verdict.client_sequence.value())] = true;
  std::erase_if(pushed, [&](std::int64_t client) { return refused.contains(client); });
  EXPECT_EQ(logged(), pushed);
}

TEST_F(CommandLink, SendsAgainWhatFoundNoRoom) {
  turns(3);
  executes = false;
  for (std::uint64_t i = 1; i <= 400; ++i) ASSERT_TRUE(gate->try_push(order(i)));
  turns(20);
  EXPECT_GT(receiver->counters().busy.load(), 0u);
  executes = true;
  turns(50);
  EXPECT_EQ(logged().size(), 400u);
  EXPECT_EQ(logged().back(), 400);
  EXPECT_TRUE(verdicts().empty());
}

TEST_F(CommandLink, SaysThatAnOutcomeIsUnknownAndLaterThatTheOrderNeverWas) {
  turns(3);
  is_cut = true;
  ASSERT_TRUE(gate->try_push(order(1)));
  turns(2500);
  EXPECT_FALSE(is_open());
  EXPECT_FALSE(gate->try_push(order(2)));
  auto told = verdicts();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, Verdict::Kind::unknown);
  EXPECT_EQ(told[0].client_sequence, ClientSequence{1});
  EXPECT_TRUE(link.is_in_doubt(AccountId{3}, ClientSequence{1}));
  is_cut = false;
  turns(500);
  ASSERT_TRUE(is_open());
  told = verdicts();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, Verdict::Kind::not_sequenced);
  EXPECT_FALSE(link.is_in_doubt(AccountId{3}, ClientSequence{1}));
  EXPECT_TRUE(logged().empty());
  ASSERT_TRUE(gate->try_push(order(1)));
  turns(3);
  EXPECT_EQ(logged(), (std::vector<std::int64_t>{1}));
}

TEST_F(CommandLink, FindsInTheLogWhatWasDoneWhileNoAnswerCame) {
  turns(3);
  is_mute = true;
  ASSERT_TRUE(gate->try_push(order(1)));
  turns(2500);
  EXPECT_FALSE(is_open());
  ASSERT_EQ(verdicts().size(), 1u) << "unknown";
  EXPECT_EQ(logged(), (std::vector<std::int64_t>{1})) << "but it was done";
  is_mute = false;
  turns(500);
  ASSERT_TRUE(is_open());
  EXPECT_TRUE(verdicts().empty()) << "its report says it all";
  EXPECT_FALSE(link.is_in_doubt(AccountId{3}, ClientSequence{1}));
}

TEST_F(CommandLink, DoesNotDoLateWhatWasGivenUp) {
  turns(3);
  is_cut = true;
  ASSERT_TRUE(gate->try_push(order(1)));
  now_ns += ms;
  while (forwarder->step(now_ns)) {
  }
  const Bytes under_way = to_engine.back();
  turns(2500);
  is_cut = false;
  turns(500);
  ASSERT_TRUE(is_open());
  receiver->take(under_way, "gateway", now_ns);
  turns(5);
  EXPECT_TRUE(logged().empty());
}

TEST_F(CommandLink, CancelsWithASilentGatewayWhatItsSessionsAskedFor) {
  turns(3);
  ASSERT_TRUE(gate->try_push(order(1, 5, true)));
  ASSERT_TRUE(gate->try_push(order(2, 5, false)));
  ASSERT_TRUE(gate->try_push(order(3, 6, true)));
  turns(5);
  EXPECT_EQ(engine.open_orders(), 3u);
  is_cut = true;  // or the process is dead: nobody can tell
  turns(3200);
  EXPECT_EQ(engine.open_orders(), 1u);
  EXPECT_EQ(receiver->counters().given_up.load(), 1u);
}

TEST_F(CommandLink, AGatewayThatSaysGoodbyeIsNotWaitedFor) {
  turns(3);
  ASSERT_TRUE(gate->try_push(order(1, 5, true)));
  turns(5);
  forwarder->say_bye();
  for (; !to_engine.empty(); to_engine.pop_front()) deliver(to_engine.front());
  receiver->look_after(now_ns);
  sequencer->poll(time(), 100);
  EXPECT_EQ(engine.open_orders(), 0u);
}

TEST_F(CommandLink, AWillOfAGroupIsDoneForTheGroup) {
  turns(3);
  Command will{};
  will.type = CommandType::mass_cancel;
  will.account = AccountId{3};
  will.session = SessionId{5};
  will.mass_cancel.group = GroupId{9};
  will.mass_cancel.cause = MassCancelCause::disconnect;
  link.leave_will(will);
  Command grouped = order(1, 6);
  grouped.order.group = GroupId{9};
  ASSERT_TRUE(gate->try_push(grouped));
  ASSERT_TRUE(gate->try_push(order(2, 5)));
  turns(5);
  is_cut = true;
  turns(3200);
  EXPECT_EQ(engine.open_orders(), 1u) << "of the other group";
}

TEST_F(CommandLink, TheEndOfASessionIsNotLostWithTheWire) {
  turns(3);
  ASSERT_TRUE(gate->try_push(order(1, 5, true)));
  turns(5);
  is_mute = true;
  is_cut = true;
  Command end{};
  end.type = CommandType::mass_cancel;
  end.account = AccountId{3};
  end.session = SessionId{5};
  end.mass_cancel.session = SessionId{5};
  end.mass_cancel.cause = MassCancelCause::disconnect;
  end.mass_cancel.on_disconnect_only = true;
  ASSERT_TRUE(gate->try_push(end));
  turns(2200);  // the term is over, but the engine has not given the gateway up
  is_cut = is_mute = false;
  turns(500);
  EXPECT_EQ(engine.open_orders(), 0u);
  EXPECT_EQ(receiver->counters().given_up.load(), 0u);
}

TEST_F(CommandLink, AnEngineThatWasReplacedIsNotListenedTo) {
  turns(3);
  followed = Epoch{2};  // the log that is followed has a new leader
  turns(5);
  EXPECT_FALSE(is_open());
  turns(1000);
  EXPECT_FALSE(is_open()) << "the old one still says welcome";
  EXPECT_FALSE(gate->try_push(order(1)));
}

TEST_F(CommandLink, DamagedMessagesAreAskedForAgain) {
  turns(3);
  ASSERT_TRUE(gate->try_push(order(1)));
  now_ns += ms;
  while (forwarder->step(now_ns)) {
  }
  to_engine.back()[100] ^= std::byte{1};
  turns(600);
  EXPECT_EQ(receiver->counters().damaged.load(), 1u);
  EXPECT_EQ(logged(), (std::vector<std::int64_t>{1}));
}

}  // namespace
}  // namespace bourse
