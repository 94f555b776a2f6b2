#include "tests/matching/memory_model.h"

#include <algorithm>

namespace bourse::model {

void Explorer::View::join(const View& other) {
  for (std::size_t i = 0; i < stores.size(); ++i) stores[i] = std::max(stores[i], other.stores[i]);
  for (std::size_t i = 0; i < clocks.size(); ++i) clocks[i] = std::max(clocks[i], other.clocks[i]);
}

std::string Explorer::explore() {
  visit(State{});
  return fault_;
}

void Explorer::visit(const State& state) {
  if (!fault_.empty() || !seen_.insert(key_of(state)).second) return;
  std::size_t finished = 0;
  for (std::size_t thread = 0; thread < threads_.size(); ++thread) {
    Run run{.outcomes = &state.outcomes[thread], .next = std::nullopt};
    running = &run;
    bool is_right = true;
    try {
      is_right = threads_[thread]();
      ++finished;
    } catch (const Pause&) {
    }
    running = nullptr;
    if (!is_right) fault_ = "thread " + std::to_string(thread) + " saw something wrong";
    if (run.next) step(state, thread, *run.next);
    if (!fault_.empty()) return;
  }
  if (finished == threads_.size()) ++end_count_;
}

std::memory_order Explorer::order_of(const Operation& operation) const {
  const bool is_weakened =
      mutation_ && mutation_->kind == operation.kind && mutation_->place == operation.place;
  return is_weakened ? std::memory_order_relaxed : operation.order;
}

void Explorer::step(const State& state, std::size_t thread, const Operation& operation) {
  const std::size_t other = 1 - thread;
  const std::size_t place = operation.place;
  State after = state;
  View& view = after.views[thread];
  ++view.clocks[thread];
  switch (operation.kind) {
    case Kind::load:
      // Any store that is not older than one this thread knows of.
      for (std::size_t i = view.stores[place]; i < state.atomics[place].size(); ++i) {
        State branch = after;
        const Store& store = state.atomics[place][i];
        branch.views[thread].stores[place] = static_cast<std::uint8_t>(i);
        if (order_of(operation) == std::memory_order_acquire) {
          branch.views[thread].join(store.view);
        }
        branch.outcomes[thread].push_back(store.value);
        visit(branch);
      }
      return;
    case Kind::store: {
      view.stores[place] = static_cast<std::uint8_t>(state.atomics[place].size());
      Store store{.value = operation.value, .view = {}};
      if (order_of(operation) == std::memory_order_release) store.view = view;
      after.atomics[place].push_back(store);
      after.outcomes[thread].push_back(0);
      break;
    }
    case Kind::cell_read: {
      Cell& cell = after.cells[place];
      if (cell.writer == other && cell.write_clock > view.clocks[other]) {
        fault_ = "race: thread " + std::to_string(thread) + " reads cell " + std::to_string(place) +
                 " while it may be written";
        return;
      }
      cell.read_clocks[thread] = view.clocks[thread];
      after.outcomes[thread].push_back(cell.value);
      break;
    }
    case Kind::cell_write: {
      Cell& cell = after.cells[place];
      if (cell.read_clocks[other] > view.clocks[other] ||
          (cell.writer == other && cell.write_clock > view.clocks[other])) {
        fault_ = "race: thread " + std::to_string(thread) + " writes cell " +
                 std::to_string(place) + " while it may be in use";
        return;
      }
      cell.value = operation.value;
      cell.writer = static_cast<std::uint8_t>(thread);
      cell.write_clock = view.clocks[thread];
      after.outcomes[thread].push_back(0);
      break;
    }
  }
  visit(after);
}

std::string Explorer::key_of(const State& state) {
  std::string key;
  const auto put = [&key](std::uint64_t number) { key += static_cast<char>(number); };
  const auto put_view = [&](const View& view) {
    std::ranges::for_each(view.stores, put);
    std::ranges::for_each(view.clocks, put);
  };
  for (const auto& stores : state.atomics) {
    put(stores.size());
    for (const Store& store : stores) {
      put(store.value);
      put_view(store.view);
    }
  }
  for (const Cell& cell : state.cells) {
    put(cell.value);
    put(cell.writer);
    put(cell.write_clock);
    std::ranges::for_each(cell.read_clocks, put);
  }
  std::ranges::for_each(state.views, put_view);
  for (const auto& outcomes : state.outcomes) {
    put(outcomes.size());
    std::ranges::for_each(outcomes, put);
  }
  return key;
}

}  // namespace bourse::model
