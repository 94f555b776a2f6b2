#include "bench/report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace bourse {
namespace {

constexpr double width = 760, height = 380;
constexpr double left = 74, right = 16, top = 34, bottom = 46;
constexpr double legend_line = 17;
constexpr std::size_t legend_name_two_columns = 44;  // bytes that fit half of the width
constexpr std::array colors{"#1b6ca8", "#c8501e", "#2d8a4e", "#8a3ab9", "#b8860b",
                            "#0f8b8d", "#a8324a", "#555555", "#5a7d0a", "#6b5b95"};
constexpr double bar_left = 190, bar_height = 24;

std::string open(double w, double h, std::string_view title) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
      "height=\"{:.0f}\" role=\"img\" aria-label=\"{}\" font-family=\"system-ui, sans-serif\" "
      "font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
      "<text x=\"12\" y=\"20\" font-size=\"14\" font-weight=\"600\" fill=\"#1a1a1a\">{}</text>\n",
      w, h, w, h, markup_text(title), markup_text(title));
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" fill=\"#333333\">{}</text>\n", x, y,
      anchor, markup_text(text));
}

std::string short_number(double value) {
  const double size = std::abs(value);
  if (size >= 1e6) return fmt::format("{:g}M", value / 1e6);
  if (size >= 1e3) return fmt::format("{:g}k", value / 1e3);
  return fmt::format("{:g}", value);
}

std::string tick_name(const Axis& axis, double value) {
  if (axis.is_time) {
    if (value < 1e3) return fmt::format("{:g} ns", value);
    if (value < 1e6) return fmt::format("{:g} us", value / 1e3);
    if (value < 1e9) return fmt::format("{:g} ms", value / 1e6);
    return fmt::format("{:g} s", value / 1e9);
  }
  return axis.scale == Scale::nines ? fmt::format("{:.7g} %", value) : short_number(value);
}

// Where values of one axis lie, from 0 to 1.
class Mapping {
 public:
  Mapping(const Axis& axis, std::vector<double> values) : axis_(axis) {
    least_ = std::numeric_limits<double>::infinity();
    most_ = -least_;
    for (const double value : values) {
      const double at = raw(value);
      if (!std::isfinite(at)) continue;
      least_ = std::min(least_, at);
      most_ = std::max(most_, at);
    }
    if (!(least_ <= most_)) least_ = most_ = 0;
    if (axis.scale == Scale::nines) least_ = 0;
    if (axis.scale == Scale::log) {
      least_ = std::floor(least_ + 1e-9);
      most_ = std::max(std::ceil(most_ - 1e-9), least_ + 1);
    }
    if (axis.scale == Scale::plain) least_ = std::min(least_, 0.0);
    if (most_ <= least_) most_ = least_ + 1;
  }

  bool takes(double value) const { return std::isfinite(raw(value)); }
  double at(double value) const {
    return std::clamp((raw(value) - least_) / (most_ - least_), 0.0, 1.0);
  }
  std::vector<double> ticks() const {
    std::vector<double> out;
    switch (axis_.scale) {
      case Scale::log:
        for (double power = least_; power <= most_ + 1e-9; ++power)
          out.push_back(std::pow(10, power));
        break;
      case Scale::nines:
        out.push_back(50);
        for (double nines = 1; nines <= most_ + 1e-9; ++nines)
          out.push_back(100 * (1 - std::pow(10, -nines)));
        break;
      case Scale::plain: {
        const double rough = (most_ - least_) / 5;
        const double power = std::pow(10, std::floor(std::log10(rough)));
        const double times = rough / power;
        const double step = power * (times > 5 ? 10 : times > 2 ? 5 : times > 1 ? 2 : 1);
        for (double value = std::ceil(least_ / step) * step; value <= most_ + step / 1e6;
             value += step)
          out.push_back(value);
        break;
      }
    }
    return out;
  }

 private:
  double raw(double value) const {
    switch (axis_.scale) {
      case Scale::plain:
        return value;
      case Scale::log:
        return value > 0 ? std::log10(value) : -std::numeric_limits<double>::infinity();
      case Scale::nines:
        return value < 100 ? -std::log10(1 - value / 100) : std::numeric_limits<double>::infinity();
    }
    return value;
  }

  Axis axis_;
  double least_ = 0;
  double most_ = 1;
};

}  // namespace

std::string markup_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string svg_lines(std::string_view title, const Axis& x, const Axis& y,
                      const std::vector<PlotLine>& lines) {
  std::vector<double> xs, ys;
  for (const PlotLine& line : lines)
    for (const CurvePoint& point : line.points) {
      xs.push_back(point.x);
      ys.push_back(point.y);
    }
  const Mapping across(x, std::move(xs)), up(y, std::move(ys));
  const bool has_long_name = std::ranges::any_of(
      lines, [](const PlotLine& line) { return line.name.size() > legend_name_two_columns; });
  const std::size_t columns = has_long_name ? 1 : 2;
  const std::size_t legend_lines = (lines.size() + columns - 1) / columns;
  const double full_height = height + legend_line * static_cast<double>(legend_lines);
  const double inner_width = width - left - right, inner_height = height - top - bottom;
  const auto px = [&](double value) { return left + inner_width * across.at(value); };
  const auto py = [&](double value) { return top + inner_height * (1 - up.at(value)); };
  std::string out = open(width, full_height, title);
  for (const double tick : up.ticks()) {
    out += fmt::format(
        "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e2e2e2\"/>\n",
        left, width - right, py(tick), py(tick));
    out += text_at(left - 6, py(tick) + 4, "end", tick_name(y, tick));
  }
  for (const double tick : across.ticks()) {
    out += fmt::format(
        "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e2e2e2\"/>\n",
        px(tick), px(tick), top, height - bottom);
    out += text_at(px(tick), height - bottom + 16, "middle", tick_name(x, tick));
  }
  out += text_at(left + inner_width / 2, height - 10, "middle", x.title);
  if (!y.title.empty()) out += text_at(width - right, 20, "end", y.title);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const PlotLine& line = lines[i];
    const char* const color = colors[i % colors.size()];
    const std::string dash = line.is_twin ? " stroke-dasharray=\"6 4\"" : "";
    std::string points;
    std::string dots;
    for (const CurvePoint& point : line.points) {
      if (!across.takes(point.x) || !up.takes(point.y)) continue;
      points += fmt::format("{:.1f},{:.1f} ", px(point.x), py(point.y));
      if (x.scale != Scale::nines)
        dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n",
                            px(point.x), py(point.y), color);
    }
    out += fmt::format(
        "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{} points=\"{}\"/>\n{}", color,
        dash, points, dots);
    const double legend_x = left + (i % columns == 0 ? 0 : inner_width / 2);
    const double legend_y = height + legend_line * static_cast<double>(i / columns);
    out += fmt::format(
        "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
        "stroke-width=\"2\"{}/>\n",
        legend_x, legend_x + 24, legend_y, legend_y, color, dash);
    out += text_at(legend_x + 30, legend_y + 4, "start", line.name);
  }
  return out + "</svg>\n";
}

std::string svg_bars(std::string_view title, const std::vector<PlotBar>& bars) {
  const Axis axis{.title = {}, .scale = Scale::log, .is_time = true};
  std::vector<double> values;
  for (const PlotBar& bar : bars) {
    values.push_back(bar.typical);
    values.push_back(bar.tail);
  }
  const Mapping along(axis, std::move(values));
  const double bottom_y = top + bar_height * static_cast<double>(bars.size());
  const double inner = width - bar_left - right;
  std::string out = open(width, bottom_y + 44, title);
  for (const double tick : along.ticks()) {
    const double x = bar_left + inner * along.at(tick);
    out += fmt::format(
        "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#e2e2e2\"/>\n", x,
        x, top, bottom_y);
    out += text_at(x, bottom_y + 16, "middle", tick_name(axis, tick));
  }
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const PlotBar& bar = bars[i];
    const double y = top + bar_height * static_cast<double>(i);
    out += text_at(bar_left - 8, y + bar_height / 2 + 4, "end", bar.name);
    const auto draw = [&](double value, const char* color) {
      out += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n",
          bar_left, y + 4, inner * along.at(value), bar_height - 8, color);
    };
    draw(bar.tail, "#b9d3e8");
    draw(bar.typical, colors[0]);
    const double end = bar_left + inner * along.at(bar.tail);
    const bool fits = end + 130 < width;
    out +=
        text_at(fits ? end + 5 : width - right - 5, y + bar_height / 2 + 4, fits ? "start" : "end",
                fmt::format("{} / {}", ns_text(bar.typical), ns_text(bar.tail)));
  }
  out += text_at(bar_left + inner / 2, bottom_y + 36, "middle", "p50 (dark) and p99 (pale)");
  return out + "</svg>\n";
}

}  // namespace bourse
