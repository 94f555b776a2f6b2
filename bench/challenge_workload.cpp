#include "bench/challenge_workload.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <random>
#include <sstream>

namespace bourse {
namespace {

constexpr double middle_start = 33'504;

// The middle at `progress` (0 to 1) of the stream.
double middle_of(MarketShape shape, double progress, double walk) {
  constexpr double turn = 6.283185307179586;
  switch (shape) {
    case MarketShape::still:
      return middle_start;
    case MarketShape::normal:
      return middle_start + walk;
    case MarketShape::swing_25:
      return middle_start * (1 + 0.25 * std::sin(turn * 4 * progress)) + walk;
    case MarketShape::swing_40:
      return middle_start * (1 + 0.40 * std::sin(turn * 8 * progress)) + walk;
    case MarketShape::flash_crash_60: {
      const double from_bottom = std::abs(progress - 0.5) / 0.15;  // falls and rises in 15 % each
      return middle_start * (1 - 0.60 * std::max(0.0, 1 - from_bottom)) + walk;
    }
  }
  return middle_start;
}

struct Due {
  std::uint64_t at;  // new orders sent
  std::uint64_t id;
  bool operator>(const Due& other) const { return at > other.at; }
};

class Generator {
 public:
  Generator(MarketShape shape, std::uint64_t seed, std::uint32_t new_orders)
      : shape_(shape), random_(seed), new_orders_(new_orders), sides_(new_orders) {}

  ChallengeWorkload run() {
    out_.messages.reserve(new_orders_ * 2 + new_orders_ / 8);
    for (std::uint32_t id = 0; id < new_orders_; ++id) {
      walk_ += (unit() - 0.5) * 2;
      middle_ = middle_of(shape_, id / static_cast<double>(new_orders_), walk_);
      send_new(id);
      while (!due_.empty() && due_.top().at <= id) {
        const std::uint64_t gone = due_.top().id;
        due_.pop();
        send_cancel(gone);
      }
      if (unit() < 0.17 && id > 100) send_modify(id);
    }
    return std::move(out_);
  }

 private:
  double unit() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  std::uint64_t sequence() { return out_.messages.size(); }

  std::int64_t drawn(double mean) {
    return 1 + static_cast<std::int64_t>(-std::log(1 - unit()) * mean);
  }
  // Ticks away from the middle: short-lived orders stand near, patient ones far.
  std::int64_t away(bool patient) {
    if (shape_ == MarketShape::still) return drawn(patient ? 40 : 6);
    return drawn(patient ? 1'000 : 20);
  }
  std::int64_t price(std::uint8_t side, bool aggressive, bool patient) {
    const std::int64_t distance = aggressive ? -away(false) / 2 : away(patient);
    const auto middle = static_cast<std::int64_t>(middle_);
    return std::max<std::int64_t>(1, side == 0 ? middle - distance : middle + distance);
  }
  void send_new(std::uint64_t id) {
    me_msg_t m{};
    const std::uint8_t side = random_() & 1;
    const bool ioc = unit() < 0.15;
    const double patience = unit();
    sides_[id] = side;
    m.new_order = {id,
                   sequence(),
                   price(side, ioc || unit() < 0.03, patience > 0.9),
                   static_cast<std::uint32_t>(random_() % 100 + 1),
                   side,
                   ioc,
                   {}};
    out_.messages.push_back(m);
    ++out_.new_count;
    if (ioc) {
      ++out_.ioc_count;
    } else {
      // In new orders: how long until its owner cancels it.
      const double mean = patience < 0.6 ? 30 : patience < 0.9 ? 3'000 : 300'000;
      due_.push({id + static_cast<std::uint64_t>(drawn(mean)), id});
    }
  }
  void send_cancel(std::uint64_t id) {
    me_msg_t m{};
    m.type = 1;
    m.cancel = {id, sequence()};
    out_.messages.push_back(m);
    ++out_.cancel_count;
  }
  void send_modify(std::uint64_t newest) {
    const std::uint64_t reach = unit() < 0.7 ? 50 : 3'000;
    const std::uint64_t id = newest - std::min(newest, random_() % reach);
    me_msg_t m{};
    m.type = 2;
    m.modify = {id,
                sequence(),
                price(sides_[id], unit() < 0.05, false),
                static_cast<std::uint32_t>(random_() % 100 + 1),
                sides_[id],
                {}};
    out_.messages.push_back(m);
    ++out_.modify_count;
  }

  MarketShape shape_;
  std::mt19937_64 random_;
  std::uint32_t new_orders_;
  std::vector<std::uint8_t> sides_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  double walk_ = 0;
  double middle_ = middle_start;
  ChallengeWorkload out_;
};

}  // namespace

const char* name_of(MarketShape shape) {
  constexpr const char* names[] = {"static", "normal", "swing-25", "swing-40", "flash-crash"};
  return names[static_cast<std::size_t>(shape)];
}

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

ChallengeWorkload make_challenge_workload(MarketShape shape, std::uint64_t seed,
                                          std::uint32_t new_orders) {
  return Generator(shape, seed, new_orders).run();
}

}  // namespace bourse
