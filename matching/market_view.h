// What any thread may look at while the engine writes: best bid and ask of every symbol.
//   Shape:  Published<T> is a seqlock over plain atomic words, correct under the C++ memory model;
//           MarketViews is one Published<TopOfBook> per symbol, each on its own pair of cache
//           lines.
//   Owner:  one writer (the engine thread, through the move-only MarketViews::Writer), any readers.
//   Errors: try_read() returns false when it met the writer; read() tries again with a back-off.
//           Readers sample: whoever needs every change reads the log.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

#include "matching/check.h"          // CHECK
#include "matching/engine.h"         // BestPrices
#include "matching/types.h"          // Sequence, SymbolId, PriceTicks, QuantityLots
#include "matching/wait_strategy.h"  // pause_briefly

namespace bourse {

template <class T>
class Published {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // The one writer. Two stores of the version around the words; never waits.
  void publish(const T& value) {
    std::array<std::uint64_t, word_count> image{};
    std::memcpy(image.data(), &value, sizeof value);
    const std::uint64_t version = version_.load(std::memory_order_relaxed);  // only we write it
    version_.store(version + 1, std::memory_order_relaxed);
    // A reader that sees one of the words below also sees the odd version above.
    std::atomic_thread_fence(std::memory_order_release);
    for (std::size_t i = 0; i < word_count; ++i) {
      words_[i].store(image[i], std::memory_order_relaxed);
    }
    version_.store(version + 2, std::memory_order_release);
  }

  // Any thread. False: the writer was at work, `value` is untouched.
  bool try_read(T& value) const {
    const std::uint64_t before = version_.load(std::memory_order_acquire);
    if ((before & 1) != 0) return false;
    std::array<std::uint64_t, word_count> image;
    for (std::size_t i = 0; i < word_count; ++i) {
      image[i] = words_[i].load(std::memory_order_relaxed);
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (version_.load(std::memory_order_relaxed) != before) return false;
    std::memcpy(&value, image.data(), sizeof value);
    return true;
  }

  // Any thread. Tries until it succeeds; each failure waits longer, so that a writer that never
  // pauses keeps its cache lines for most of the time.
  T read() const {
    T value;
    for (std::uint32_t pauses = 1; !try_read(value); pauses *= 2) {
      if (pauses > pauses_max) {
        std::this_thread::yield();
        pauses = pauses_max / 2;
      }
      for (std::uint32_t i = 0; i < pauses; ++i) pause_briefly();
    }
    return value;
  }

  // Any thread. How many values were published.
  std::uint64_t version() const { return version_.load(std::memory_order_relaxed) / 2; }

 private:
  static constexpr std::size_t word_count = (sizeof(T) + 7) / 8;
  static constexpr std::uint32_t pauses_max = 256;

  // Written by the writer, read by all: odd while the words change. Orders as said above.
  std::atomic<std::uint64_t> version_{0};
  std::array<std::atomic<std::uint64_t>, word_count> words_{};
};

struct TopOfBook {
  Sequence sequence;  // of the transaction that made it
  BestPrices prices;
  PriceTicks last_price;       // of the last execution; no_price before the first
  QuantityLots last_quantity;  // of the last execution
};
static_assert(sizeof(TopOfBook) == 64);

class MarketViews {
 public:
  class Writer;

  explicit MarketViews(std::uint32_t symbols_max);
  MarketViews(const MarketViews&) = delete;
  MarketViews& operator=(const MarketViews&) = delete;

  Writer writer();  // once; must not outlive the views

  // Any thread. An unknown symbol and one that has not traded yet read as an empty book.
  TopOfBook read(SymbolId symbol) const;
  bool try_read(SymbolId symbol, TopOfBook& top) const;
  std::uint32_t symbols_max() const { return symbols_max_; }

 private:
  struct alignas(128) Slot {
    Published<TopOfBook> top;
  };
  static TopOfBook empty_top();

  std::unique_ptr<Slot[]> slots_;  // by symbol id; 0 is not used
  std::uint32_t symbols_max_;
  bool writer_made_ = false;
};

class MarketViews::Writer {
 public:
  Writer(Writer&& from) noexcept : views_(std::exchange(from.views_, nullptr)) {}
  Writer& operator=(Writer&& from) noexcept {
    std::swap(views_, from.views_);
    return *this;
  }
  // REQUIRES: 1 <= symbol <= symbols_max.
  void publish(SymbolId symbol, const TopOfBook& top) {
    CHECK(symbol.value() != 0 && symbol.value() <= views_->symbols_max_);
    views_->slots_[symbol.value()].top.publish(top);
  }
  std::uint32_t symbols_max() const { return views_->symbols_max_; }

 private:
  friend class MarketViews;
  explicit Writer(MarketViews& views) : views_(&views) {}
  MarketViews* views_;
};

}  // namespace bourse
