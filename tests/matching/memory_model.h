// A small explicit-state checker for two threads over atomics: tries every interleaving, and for
// each load every store that the C++ memory model lets it see, and reports data races on plain
// cells.
//   Shape:  ModelAtomic and ModelCell stand in for std::atomic and plain objects. A thread is a
//           function that is run again from its beginning for each of its steps, with the outcomes
//           so far played back, and left by an exception at its next operation.
//   Covers: release/acquire/relaxed loads and stores with one writer per atomic; fetch_sub is left
//           out of the model (it only frees memory).
//   Owner:  one thread; one exploration at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bourse::model {

enum class Kind : std::uint8_t { load, store, cell_read, cell_write };

struct Operation {
  Kind kind;
  std::size_t place;
  std::uint64_t value;
  std::memory_order order;
};

// Which orders to weaken to relaxed, to see that the checker finds it: kind and place.
struct Mutation {
  Kind kind;
  std::size_t place;
};

// What one run of a thread, from its beginning, is told and finds.
struct Run {
  const std::vector<std::uint64_t>* outcomes;  // of the operations before the next one
  std::size_t at = 0;
  std::optional<Operation> next;
  std::size_t atomics_made = 0;
  std::size_t cells_made = 0;
};
inline Run* running = nullptr;
struct Pause {};

// Plays back the outcome, or stops the run here.
inline std::uint64_t perform(const Operation& operation) {
  if (running->at < running->outcomes->size()) return (*running->outcomes)[running->at++];
  running->next = operation;
  throw Pause{};
}

template <class T>
class ModelAtomic {
 public:
  explicit ModelAtomic(T initial) : place_(running->atomics_made++), real_(initial) {}
  T load(std::memory_order order) const {
    return static_cast<T>(perform({Kind::load, place_, 0, order}));
  }
  void store(T value, std::memory_order order) {
    perform({Kind::store, place_, static_cast<std::uint64_t>(value), order});
  }
  T fetch_sub(T by, std::memory_order order) { return real_.fetch_sub(by, order); }

 private:
  std::size_t place_;
  std::atomic<T> real_;
};

constexpr std::size_t places_max = 4;

// A plain value; the first places_max made by a run are shared between the threads, later ones are
// the run's own.
class ModelCell {
 public:
  ModelCell() : place_(running->cells_made++) {}
  explicit ModelCell(std::uint64_t value) : place_(places_max), value_(value) {}
  ModelCell(const ModelCell&) = delete;
  ModelCell& operator=(const ModelCell& from) {
    write(from.read());
    return *this;
  }
  std::uint64_t read() const {
    return place_ < places_max ? perform({Kind::cell_read, place_, 0, {}}) : value_;
  }

 private:
  void write(std::uint64_t value) {
    if (place_ < places_max) {
      perform({Kind::cell_write, place_, value, {}});
    } else {
      value_ = value;
    }
  }
  std::size_t place_;
  std::uint64_t value_ = 0;
};

struct Memory {
  template <class T>
  using Atomic = ModelAtomic<T>;
  static constexpr bool is_model = true;
};

// Explores both threads to their ends. A thread returns false when it saw something wrong.
class Explorer {
 public:
  using Thread = std::function<bool()>;
  Explorer(Thread first, Thread second, std::optional<Mutation> mutation = std::nullopt)
      : threads_{std::move(first), std::move(second)}, mutation_(mutation) {}

  // Empty: nothing wrong in any execution. Else what went wrong first.
  std::string explore();
  std::size_t state_count() const { return seen_.size(); }
  std::size_t end_count() const { return end_count_; }

 private:
  // What a thread knows: the newest store of each atomic that it must not read behind, and how far
  // each thread's work happened before.
  struct View {
    std::array<std::uint8_t, places_max> stores{};
    std::array<std::uint8_t, 2> clocks{};
    void join(const View& other);
  };
  struct Store {
    std::uint64_t value = 0;
    View view;  // what an acquiring load of it learns
  };
  struct Cell {
    std::uint64_t value = 0;
    std::uint8_t writer = 0;
    std::uint8_t write_clock = 0;
    std::array<std::uint8_t, 2> read_clocks{};
  };
  struct State {
    std::array<std::vector<Store>, places_max> atomics{
        {{Store{}}, {Store{}}, {Store{}}, {Store{}}}};
    std::array<Cell, places_max> cells{};
    std::array<View, 2> views{};
    std::array<std::vector<std::uint64_t>, 2> outcomes;
  };

  void visit(const State& state);
  void step(const State& state, std::size_t thread, const Operation& operation);
  std::memory_order order_of(const Operation& operation) const;
  static std::string key_of(const State& state);

  std::array<Thread, 2> threads_;
  std::optional<Mutation> mutation_;
  std::set<std::string> seen_;
  std::string fault_;
  std::size_t end_count_ = 0;
};

}  // namespace bourse::model
