// What a ModelClient makes of the frames: books, levels, bars.
#include "tests/feed/model_client.h"

namespace bourse {

ModelLevels levels_of(const DepthBook& book, Side side, std::size_t depth) {
  std::vector<DepthLevel> levels(depth == 0 ? book.level_count(side) : depth);
  levels.resize(book.levels(side, levels));
  ModelLevels wanted;
  for (const DepthLevel& level : levels)
    wanted[level.price.value() * 10'000'000] = {level.quantity.value() * 100, level.orders};
  return wanted;
}

void ModelClient::on_level(const FrameView& frame, ModelStream& stream) {
  for (const wire::LevelUpdate& update : frame.level) {
    if (update.action == 'R') {
      stream.bids.clear();
      stream.asks.clear();
      stream.has_levels = true;
      continue;
    }
    if (!stream.has_levels) continue;
    ModelLevels& side = update.side == 'B' ? stream.bids : stream.asks;
    const bool is_there = side.contains(update.price);
    const bool may_differ = stream.conflate_ms > 0;  // it may tell what a reader knows already
    if (!may_differ && is_there != (update.action != 'N')) {
      fail("level " + std::to_string(update.price) + " is" + (is_there ? "" : " not") +
           " there: " + static_cast<char>(update.action) + " at " + std::to_string(update.seq) +
           ", flags " + std::to_string(frame.header.flags) + ", after " +
           std::to_string(frame.header.prev_seq) + ", depth " + std::to_string(stream.depth));
    }
    if (update.action == 'D') {
      side.erase(update.price);
    } else {
      if (update.size == 0 || update.count == 0) fail("a level of nothing");
      side[update.price] = {update.size, update.count};
    }
    if (stream.depth > 0 && side.size() > stream.depth) fail("more levels than were asked for");
  }
}

void ModelClient::on_others(const FrameView& frame, ModelStream& stream) {
  for (const wire::Depth10& depth : frame.depth10) stream.depths.push_back(depth);
  for (const wire::Bar& bar : frame.bar) stream.bars.push_back(bar);
  for (const wire::Stat& stat : frame.stat) stream.stats[stat.stat_type] = stat;
  for (const wire::BookCheck& check : frame.check) stream.checks.push_back(check);
}

void ModelClient::on_mbo(const FrameView& frame, ModelStream& stream) {
  ModelBook& book = books[stream.instrument];
  for (const wire::MboEvent& event : frame.mbo) {
    if ((event.flags & event_flags::snapshot) != 0) {
      if (event.action == 'R') book = {};
      book.is_known = true;
      book.rpt = event.rpt_seq;
      if (event.action == 'A') apply(event, book);
      continue;
    }
    if (event.rpt_seq == 1) book = {.bids = {}, .asks = {}, .rpt = 0, .is_known = true};
    if (!book.is_known) continue;
    if (event.rpt_seq != book.rpt + 1) {
      fail("rpt_seq " + std::to_string(event.rpt_seq) + " after " + std::to_string(book.rpt));
    }
    book.rpt = event.rpt_seq;
    apply(event, book);
  }
}

void ModelClient::apply(const wire::MboEvent& event, ModelBook& book) {
  ModelSide& side = event.side == 'B' ? book.bids : book.asks;
  const auto locate = [&]() -> std::pair<ModelSide::iterator, std::list<ModelOrder>::iterator> {
    for (auto level = side.begin(); level != side.end(); ++level) {
      for (auto order = level->second.begin(); order != level->second.end(); ++order) {
        if (order->id == event.order_id) return {level, order};
      }
    }
    return {side.end(), {}};
  };
  const auto reduce = [&](auto level, auto order, std::uint64_t by) {
    if (order->size < by) fail("more taken than there was");
    order->size -= by;
    if (order->size > 0) return;
    level->second.erase(order);
    if (level->second.empty()) side.erase(level);
  };
  switch (event.action) {
    case 'A':
      side[event.price].push_back({event.order_id, event.size});
      break;
    case 'M': {
      const auto [level, order] = locate();
      if (level == side.end()) return fail("modify of an unknown order");
      if (order->size != event.aux) fail("modify: aux is not the size before");
      if ((event.flags & event_flags::priority_kept) != 0) {
        order->size = event.size;
      } else {
        level->second.erase(order);
        if (level->second.empty()) side.erase(level);
        side[event.price].push_back({event.order_id, event.size});
      }
      break;
    }
    case 'C':
    case 'E': {
      const auto [level, order] = locate();
      if (level == side.end()) return fail("cancel or execution of an unknown order");
      reduce(level, order, event.size);
      break;
    }
    case 'R':
      book.bids.clear();
      book.asks.clear();
      break;
    default:
      break;
  }
}

}  // namespace bourse
