// How long commands of connections take from stage to stage, in /metrics.
//   Shape:  one histogram for each stage, `bourse_order_stage_seconds`, from the end of the stage
//           before; the sum of all is the way from the socket to the socket.
//   Units:  nanoseconds UTC in, seconds out.
//   Owner:  one io thread; any thread reads at a scrape.
//   Errors: none; a stage that was not measured is left out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "feed/metrics.h"    // Metrics, Histogram
#include "matching/types.h"  // TimeNs

namespace bourse {

class OrderStages {
 public:
  // The stamps in the order of the way; docs/PROTOCOL.md says when each is taken.
  static constexpr std::array<std::string_view, 7> names = {
      "recv", "gate", "sequenced", "matched", "released", "encoded", "written"};
  using Times = std::array<TimeNs, names.size()>;  // 0: not measured

  explicit OrderStages(Metrics& metrics) {
    for (std::size_t i = 1; i < names.size(); ++i)
      stages_[i] = &metrics.histogram("bourse_order_stage_seconds",
                                      "From the stage before to this one, of the orders followed",
                                      {{"stage", std::string(names[i])}});
  }

  void add(const Times& times) {
    for (std::size_t i = 1; i < times.size(); ++i)
      if (times[i] && times[i - 1])
        stages_[i]->observe_ns(std::max<std::int64_t>(times[i].value() - times[i - 1].value(), 0));
  }

 private:
  std::array<Histogram*, names.size()> stages_{};
};

}  // namespace bourse
