// Plots as SVG text: lines over two axes, each plain, logarithmic or of nines, and bars.
//   Shape:  one <svg> element that brings its colours with it, so that it stands alone as a file.
//   Units:  those of the data; pixels inside.
//   Owner:  pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/report/report.h"  // CurvePoint

namespace bourse {

// nines: percentiles so that 90, 99, 99.9 ... lie at even distances.
enum class Scale : std::uint8_t { plain = 1, log = 2, nines = 3 };

struct Axis {
  std::string title = {};
  Scale scale = Scale::plain;
  bool is_time = false;  // nanoseconds, shown with a unit
};

struct PlotLine {
  std::string name;
  std::vector<CurvePoint> points;
  bool is_twin = false;  // drawn dashed
};

std::string svg_lines(std::string_view title, const Axis& x, const Axis& y,
                      const std::vector<PlotLine>& lines);

struct PlotBar {
  std::string name;
  double typical;  // p50: the full bar
  double tail;     // p99: the pale one
};
// Nanoseconds, on a logarithmic scale.
std::string svg_bars(std::string_view title, const std::vector<PlotBar>& bars);

std::string markup_text(std::string_view text);  // with <, > and & as entities

}  // namespace bourse
