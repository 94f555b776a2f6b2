// What a session loop does with conversations whose kind it does not know: call them, and wake them
// when the clocks of their own say so.
//   Shape:  templates; a conversation is a type of its own or a std::variant of such.
//   Units:  nanoseconds of the steady clock.
//   Owner:  one io thread.
//   Errors: none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <variant>
#include <vector>

namespace bourse {

// std::visit for a variant of conversations, a plain call for a single type.
template <class Conversation, class Call>
auto with(Conversation& conversation, Call call) {
  if constexpr (requires { std::variant_size<std::remove_const_t<Conversation>>::value; })
    return std::visit(call, conversation);
  else
    return call(conversation);
}

// The seats whose conversations have due_ns(): when they want to be pumped next.
template <class Seat>
class ClockedSeats {
 public:
  void add(Seat& seat) {
    if (with(*seat.conversation, [](auto& c) { return requires { c.due_ns(); }; }))
      seats_.push_back(&seat);
  }
  void remove(Seat& seat) { std::erase(seats_, &seat); }

  // When the first one of those that can be pumped is due, at most `latest`.
  template <class CanBePumped>
  std::int64_t wake_ns(std::int64_t latest, CanBePumped can_be_pumped) const {
    for (Seat* seat : seats_)
      if (can_be_pumped(*seat)) latest = std::min(latest, due_ns(*seat));
    return latest;
  }
  template <class Call>
  void for_due(std::int64_t now_ns, Call call) const {
    for (Seat* seat : seats_)
      if (due_ns(*seat) <= now_ns) call(*seat);
  }

 private:
  static std::int64_t due_ns(const Seat& seat) {
    return with(*seat.conversation, [](auto& c) {
      if constexpr (requires { c.due_ns(); })
        return c.due_ns();
      else
        return std::numeric_limits<std::int64_t>::max();
    });
  }

  std::vector<Seat*> seats_;
};

}  // namespace bourse
