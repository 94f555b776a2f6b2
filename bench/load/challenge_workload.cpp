#include "bench/load/challenge_workload.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <sstream>
#include <utility>

#include "matching/state_hash.h"  // mix64

namespace bourse {
namespace {

constexpr std::int64_t middle_start = 33'504;

// Draws by hand: the distributions of the standard library differ from one library to the next.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(static_cast<std::uint32_t>(mix64(seed))) {}

  // Evenly from [0, 1), in steps of 2^-53.
  double unit() {
    const std::uint64_t high = random_() >> 5;
    const std::uint64_t low = random_() >> 6;
    return static_cast<double>((high << 26) + low) * 0x1.0p-53;
  }
  bool happens(double chance) { return unit() < chance; }
  // Evenly from first to last, both included; the remainder's bias is below count / 2^32.
  std::uint32_t between(std::uint32_t first, std::uint32_t last) {
    const std::uint64_t count = std::uint64_t{last} - first + 1;
    return first + static_cast<std::uint32_t>((count * random_()) >> 32);
  }
  // Standard normal, by Box and Muller.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - unit()));
    return radius * std::cos(6.283185307179586 * unit());
  }

 private:
  std::mt19937 random_;
};

// How far from the middle an order stands: a steep fall from the best price outwards and a hill
// about the ninth level, or all levels alike.
class LevelTable {
 public:
  explicit LevelTable(const MarketShape& shape) : count_(shape.level_count) {
    if (shape.levels == MarketShape::Levels::even) return;
    double sum = 0;
    for (std::uint32_t k = 0; k < count_; ++k) {
      const double from_hill = k - 8.0;
      sum += std::pow(k + 1.0, -2.23) + 5 * std::exp(-0.5 * from_hill * from_hill);
      up_to_.push_back(sum);
    }
  }
  std::uint32_t draw(Dice& dice) const {
    if (up_to_.empty()) return dice.between(0, count_ - 1);
    const auto found = std::ranges::upper_bound(up_to_, dice.unit() * up_to_.back());
    return std::min(static_cast<std::uint32_t>(found - up_to_.begin()), count_ - 1);
  }

 private:
  std::uint32_t count_;
  std::vector<double> up_to_;
};

// A geometric Brownian middle without drift. Its logarithm is kept in steps of 2^-32, so that the
// last bit of a logarithm or a fused multiplication changes no stream.
class Middle {
 public:
  Middle(const MarketShape& shape, std::uint32_t steps)
      : leap_chance_(shape.leap_chance),
        deviation_(shape.swing / std::sqrt(static_cast<double>(steps))),
        drift_(-deviation_ * deviation_ / 2) {}

  std::int64_t step(Dice& dice) {
    if (deviation_ > 0) add(drift_ + deviation_ * dice.normal());
    if (leap_chance_ > 0 && dice.happens(leap_chance_)) {
      add(0.4 * dice.unit() - 0.2);
      // Leaps alone would carry it out of sight.
      log_ = std::clamp(log_, -log_max, log_max);
    }
    return std::llround(middle_start * std::exp(static_cast<double>(log_) * 0x1.0p-32));
  }

 private:
  static constexpr std::int64_t log_max = std::int64_t{2} << 32;  // a factor of e^2
  void add(double step) { log_ += std::llround(step * 0x1.0p32); }

  double leap_chance_;
  double deviation_;
  double drift_;
  std::int64_t log_ = 0;
};

struct Arrival {
  std::uint64_t id;
  std::int64_t price;
  std::uint32_t quantity;
  std::uint8_t side;
};

// All new orders, buys first, then in the order of their arrival, which is quite another one: where
// the middle has moved, buys and sells stand on each other's side and trade.
std::vector<Arrival> draw_arrivals(const MarketShape& shape, Dice& dice, std::uint32_t count) {
  const LevelTable levels(shape);
  Middle middle(shape, count);
  std::vector<Arrival> arrivals;
  arrivals.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::int64_t at = middle.step(dice);
    const std::int64_t away = std::int64_t{levels.draw(dice)} + 1;
    const std::uint8_t side = i < count / 2 ? 0 : 1;
    const std::int64_t price = std::max<std::int64_t>(1, side == 0 ? at - away : at + away);
    // mix64 is a bijection: no two ids are equal.
    const std::uint64_t id = shape.wide_ids ? mix64(i + 1) : std::uint64_t{i} + 1;
    arrivals.push_back({id, price, dice.between(1, 100), side});
  }
  for (std::uint32_t i = count; i > 1; --i) {
    std::swap(arrivals[i - 1], arrivals[dice.between(0, i - 1)]);
  }
  return arrivals;
}

// One order after another lives its whole life: in the challenge all is on one timeline, and the
// times it draws (a cancel comes after an exponential time that grows with the level) only move
// everything after them, so they never change the order of the messages and are not drawn here.
class Lives {
 public:
  Lives(const MarketShape& shape, Dice& dice, ChallengeWorkload& out)
      : dice_(dice), out_(out), cancel_share_(shape.cancel_share) {}

  void live(const Arrival& order) {
    const bool ioc = dice_.happens(0.15);
    send_new(order, ioc);
    if (ioc) return;
    const bool is_modified = dice_.happens(0.20);
    Arrival now = order;
    if (is_modified) {
      now.quantity += 1;
      if (dice_.happens(0.80)) now.price = std::max<std::int64_t>(1, now.price + toward(now.side));
      send_modify(now);
    }
    if (!dice_.happens(cancel_share_)) return;
    send_cancel(now.id);
    if (dice_.happens(0.02)) send_cancel(now.id);
    if (is_modified && dice_.happens(0.02)) send_modify(now);
  }

 private:
  static std::int64_t toward(std::uint8_t side) { return side == 0 ? 1 : -1; }
  me_msg_t& add(std::uint8_t type) {
    me_msg_t& m = out_.messages.emplace_back();
    m.type = type;
    return m;
  }
  // Of the message that was added last.
  std::uint64_t sequence() const { return out_.messages.size() - 1; }

  void send_new(const Arrival& a, bool ioc) {
    me_msg_t& m = add(0);
    m.new_order = {a.id, sequence(), a.price, a.quantity, a.side, std::uint8_t{ioc}, {}};
    ++out_.new_count;
    out_.ioc_count += ioc ? 1 : 0;
  }
  void send_cancel(std::uint64_t id) {
    me_msg_t& m = add(1);
    m.cancel = {id, sequence()};
    ++out_.cancel_count;
  }
  void send_modify(const Arrival& a) {
    me_msg_t& m = add(2);
    m.modify = {a.id, sequence(), a.price, a.quantity, a.side, {}};
    ++out_.modify_count;
  }

  Dice& dice_;
  ChallengeWorkload& out_;
  double cancel_share_;
};

}  // namespace

std::string ChallengeWorkload::mix() const {
  std::ostringstream out;
  const auto percent = [&](std::uint32_t count) {
    return 100.0 * count / static_cast<double>(messages.size());
  };
  out.precision(3);
  out << messages.size() << " messages: new " << percent(new_count) << " % (IOC "
      << percent(ioc_count) << " %), cancel " << percent(cancel_count) << " %, modify "
      << percent(modify_count) << " %";
  return out.str();
}

ChallengeWorkload make_challenge_workload(const MarketShape& shape, std::uint64_t seed,
                                          std::uint32_t new_orders) {
  Dice dice(seed);
  ChallengeWorkload out;
  out.messages.reserve(std::size_t{new_orders} * 2 + new_orders / 4 + 16);
  const std::vector<Arrival> arrivals = draw_arrivals(shape, dice, new_orders);
  Lives lives(shape, dice, out);
  for (const Arrival& order : arrivals) lives.live(order);
  return out;
}

}  // namespace bourse
