#include "feed/turn/channel_feed.h"

#include "feed/net/reactor.h"  // steady_now_ns
#include "feed/wall_clock.h"   // wall_clock_now

namespace bourse {
namespace {

// At once, so that a long burst does not keep the sockets waiting: about a quarter millisecond.
constexpr int transactions_per_turn = 512;

FeedOptions options_of(const ChannelFeed::Surroundings& around, Epoch epoch) {
  FeedOptions options = around.options;
  options.log = around.log;
  options.logs = around.logs;
  if (epoch) options.epoch = epoch;
  return options;
}

// None if there is only one.
MetricLabels log_label_of(const ChannelFeed::Surroundings& around) {
  if (around.logs == 1) return {};
  return {{"log", std::to_string(around.log)}};
}

MetricLabels labels_of(const ChannelFeed::Surroundings& around) {
  MetricLabels labels{{"shard", std::to_string(around.shard)}};
  if (around.logs > 1) labels.emplace_back("log", std::to_string(around.log));
  return labels;
}

Counter& orders(Metrics& metrics, const char* result) {
  return metrics.counter("bourse_orders_total", "Orders from connections", {{"result", result}});
}

Counter& lost_sessions(Metrics& metrics, const char* result) {
  return metrics.counter("bourse_lost_sessions_total",
                         "Sessions cut that had orders to be cancelled", {{"result", result}});
}

}  // namespace

ChannelFeed::ChannelFeed(ChannelParts&& parts, Cursor cursor, Surroundings around)
    : log_(parts.log),
      options_(options_of(around, parts.epoch)),
      stages_(parts.stages),
      numbers_(around.numbers),
      on_failed_(std::move(around.on_failed)),
      cursor_(std::move(cursor)),
      hub_(parts.market, parts.log.last_epoch(), options_),
      router_(parts.engine, around.accounts_max, parts.market.sequence(), options_.limits),
      entry_(std::move(parts.gate), router_.instruments(), parts.lost_sessions, parts.remote),
      frames_(around.metrics.counter("bourse_frames_total", "Frames encoded, each for all readers",
                                     log_label_of(around))),
      orders_sent_(orders(around.metrics, "sequenced")),
      orders_busy_(orders(around.metrics, "busy")),
      orders_closed_(orders(around.metrics, "journal_full")),
      sessions_resumed_(lost_sessions(around.metrics, "resumed")),
      sessions_canceled_(lost_sessions(around.metrics, "canceled")),
      orders_open_(around.metrics.gauge("bourse_open_orders", "Open orders that can be asked for",
                                        labels_of(around))),
      dropcopies_(around.metrics.gauge("bourse_dropcopy_accounts",
                                       "Accounts that drop copies watch, each by itself",
                                       labels_of(around))),
      outcomes_(around.metrics.gauge("bourse_outcomes_kept",
                                     "Client sequences whose outcome is found without the log",
                                     labels_of(around))),
      market_metrics_(around.metrics, labels_of(around), log_label_of(around)),
      hub_sequence_(around.metrics.gauge("bourse_feed_sequence", "Newest sequence fed to readers",
                                         labels_of(around))),
      order_stages_(around.metrics),
      encode_(around.metrics.histogram("bourse_stage_seconds", "Time spent in a stage",
                                       {{"stage", "encode"}})),
      order_to_frame_(around.metrics.histogram(
          "bourse_order_to_frame_seconds",
          "From the sequencing of an order to its frame being ready to send")) {
  hub_.follow(parts.upstream);
}

bool ChannelFeed::advance(TimeNs now) {
  count_orders();
  entry_.look_after(now);
  const std::uint64_t verdicts = verdicts_told();
  const bool has_verdicts = std::exchange(verdicts_seen_, verdicts) != verdicts;
  if (has_failed_) return has_verdicts;
  const std::int64_t began_ns = steady_now_ns();
  TimeNs newest{0};
  int taken = 0;
  while (taken < transactions_per_turn) {
    const Cursor::Next next = cursor_.next();
    if (next == Cursor::Next::at_head) break;
    if (next == Cursor::Next::failed) {
      has_failed_ = true;
      on_failed_(cursor_.error());
      break;
    }
    const TransactionView& transaction = cursor_.transaction();
    hub_.on_transaction(transaction);
    router_.on_transaction(transaction);
    newest = transaction.time();
    ++taken;
  }
  market_metrics_.follow(hub_);
  if (taken == 0 && now < hub_.next_due()) return has_verdicts;
  hub_.flush(now);
  hub_.take_news();
  if (taken == 0) return true;
  encode_.observe_ns(steady_now_ns() - began_ns);
  order_to_frame_.observe_ns(wall_clock_now().value() - newest.value());
  frames_.add(hub_.frames().head() - frames_.value());
  hub_sequence_.set(static_cast<std::int64_t>(hub_.sequence().value()));
  return true;
}

void ChannelFeed::count_orders() {
  orders_sent_.add(entry_.sent_count() - orders_sent_.value());
  orders_busy_.add(entry_.busy_count() - orders_busy_.value());
  orders_closed_.add(entry_.closed_count() - orders_closed_.value());
  sessions_resumed_.add(entry_.resumed_count() - sessions_resumed_.value());
  sessions_canceled_.add(entry_.canceled_count() - sessions_canceled_.value());
  orders_open_.set(router_.orders().count());
  dropcopies_.set(router_.dropcopies());
  outcomes_.set(static_cast<std::int64_t>(router_.outcomes().count()));
}

}  // namespace bourse
