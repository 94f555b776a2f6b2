// A whole floor for the tests of the sequencer: engine, memory tail, views and a journal that keeps
// what it is given.
//   Owner:  one thread, unless a test hands a part to another.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "matching/sequencer.h"          // Sequencer, Gate, BroadcastRing, MarketViews, Engine
#include "matching/transaction.h"        // TransactionView
#include "tests/matching/random_flow.h"  // RandomFlow

namespace bourse {

struct SequencedMarket {
  static constexpr EngineLimits limits{.symbols_max = 8, .accounts_max = 16, .orders_max = 65'536};

  explicit SequencedMarket(Sequencer::Start start = {})
      : engine(limits),
        ring({.capacity_bytes = std::size_t{4} << 20, .last = start.last}),
        views(limits.symbols_max),
        journal(ring.gating_reader()),
        sequencer(engine, ring.writer(), views.writer(), start),
        journal_words(2 * transaction_bytes_max / 8) {}

  void define(std::uint32_t symbols) {
    for (std::uint32_t i = 1; i <= symbols; ++i) {
      CHECK(sequencer.submit(RandomFlow::define(i), TimeNs{0}));
    }
  }

  // Gives every waiting transaction to `visit` and makes room for new ones.
  template <class Visit>
  void drain(Visit visit) {
    while (const std::size_t bytes =
               journal.peek(std::as_writable_bytes(std::span(journal_words)))) {
      auto rest = std::as_bytes(std::span(journal_words)).first(bytes);
      while (!rest.empty()) {
        const auto view = TransactionView::parse(rest);
        CHECK(view.has_value());
        visit(*view);
        rest = rest.subspan(view->bytes().size());
      }
      journal.release(bytes);
    }
  }

  Engine engine;
  BroadcastRing ring;
  MarketViews views;
  BroadcastRing::GatingReader journal;
  Sequencer sequencer;
  std::vector<std::uint64_t> journal_words;
};

}  // namespace bourse
