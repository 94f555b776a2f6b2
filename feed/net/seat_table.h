// The connections of one io thread: those that live, and those that are gone but whose last
// handlers have not returned yet.
//   Shape:  an array in no order; a seat knows its index in it.
//   Owner:  one io thread.
//   Errors: none.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace bourse {

// A Seat has `std::size_t index` and `bool released()`.
template <class Seat>
class SeatTable {
 public:
  void add(std::unique_ptr<Seat> seat) {
    seat->index = living_.size();
    living_.push_back(std::move(seat));
  }
  bool has(const Seat& seat) const {
    return seat.index < living_.size() && living_[seat.index].get() == &seat;
  }
  // Out of the table at once; destroyed by forget_released(). REQUIRES: has(seat).
  void remove(Seat& seat) {
    std::swap(living_[seat.index], living_.back());
    living_[seat.index]->index = seat.index;
    removed_.push_back(std::move(living_.back()));
    living_.pop_back();
  }
  void forget_released() {
    std::erase_if(removed_, [](const auto& seat) { return seat->released(); });
  }

  std::size_t size() const { return living_.size(); }
  bool empty() const { return living_.empty(); }
  bool all_forgotten() const { return living_.empty() && removed_.empty(); }
  Seat& operator[](std::size_t index) { return *living_[index]; }
  auto begin() const { return living_.begin(); }
  auto end() const { return living_.end(); }

 private:
  std::vector<std::unique_ptr<Seat>> living_;
  std::vector<std::unique_ptr<Seat>> removed_;
};

}  // namespace bourse
