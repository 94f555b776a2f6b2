#include "feed/trade/exec_stream.h"

#include <algorithm>

#include "feed/control/json_writer.h"   // JsonWriter
#include "feed/market/system_notice.h"  // append_system_frames
#include "feed/trade/exec_json.h"       // append_exec_json
#include "feed/trade/trade_replies.h"   // error_reply
#include "matching/check.h"             // CHECK

namespace bourse {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

ExecStream::ExecStream(ExecRouter& router, const Log& log, const FeedOptions& options,
                       ExecEncoding encoding, AccountId account, SessionId session)
    : router_(router),
      log_(log),
      options_(options),
      encoding_(encoding),
      account_(account),
      inbox_(router.attach(account)),
      session_(session),
      own_told_(router.position()) {}

void ExecStream::start_live() {
  cursor_.reset();
  wanted_ = ExecSequence{0};
  told_ = router_.position();
  inbox_->open();
}

void ExecStream::start_at(Sequence sequence, ExecSequence wanted) {
  CHECK(sequence.value() <= router_.position().value() + 1);
  wanted_ = wanted;
  told_ = Sequence{sequence.value() == 0 ? 0 : sequence.value() - 1};
  fall_back(sequence);
}

void ExecStream::fall_back(Sequence next) {
  inbox_->close();
  cursor_.reset();
  next_ = next;
  waits_for_room_ = false;
}

ExecStream::State ExecStream::pump(Outbox& out, TimeNs now) {
  if (inbox_->overflowed()) {
    const Sequence missed = inbox_->missed_from();
    inbox_->open();  // forgets the overflow
    fall_back(missed);
    tell_slow(out, now);
  }
  if (is_slow_ && now.value() - slow_told_.value() >= ns_per_s) tell_slow(out, now);
  if (inbox_->is_open()) pump_live(out, now);
  return inbox_->is_open() ? State::idle : pump_log(out, now);
}

void ExecStream::pump_live(Outbox& out, TimeNs now) {
  while (!inbox_->empty()) {
    const std::vector<Report>& held = inbox_->reports();
    const auto first = held.begin() + static_cast<std::ptrdiff_t>(inbox_->first());
    if (out.size() >= options_.limits.outbox_high_bytes) {
      fall_back(first->sequence);
      waits_for_room_ = true;
      tell_slow(out, now);
      return;
    }
    const auto end = std::find_if(first, held.end(), [first](const Report& report) {
      return report.sequence != first->sequence;
    });
    const auto count = static_cast<std::size_t>(end - first);
    send({&*first, count}, {.published = now, .epoch = router_.epoch(options_.epoch)}, out);
    inbox_->take(count);
  }
}

ExecStream::State ExecStream::pump_log(Outbox& out, TimeNs now) {
  const FeedLimits& limits = options_.limits;
  if (waits_for_room_ && out.size() > limits.outbox_low_bytes) return State::idle;
  waits_for_room_ = false;
  next_ = std::max(next_, log_.earliest_sequence());
  for (std::size_t count = 0; count < transactions_per_pump_max; ++count) {
    if (next_ > router_.position()) {
      // Everything up to the router's position has been read: the inbox goes on from there.
      cursor_.reset();
      wanted_ = ExecSequence{0};
      inbox_->open();
      if (is_slow_) tell_caught_up(out, now);
      return State::idle;
    }
    if (out.size() >= limits.outbox_high_bytes) {
      waits_for_room_ = true;
      return State::idle;
    }
    if (!cursor_) {
      auto made = log_.cursor(next_);
      if (!made) {
        error_ = made.error().text();
        return State::failed;
      }
      cursor_.emplace(std::move(*made));
    }
    switch (cursor_->next()) {
      case Cursor::Next::failed:
        error_ = cursor_->error().text();
        return State::failed;
      case Cursor::Next::at_head:
        return State::idle;  // the router has seen it, so it will be there
      case Cursor::Next::transaction:
        break;
    }
    const TransactionView& view = cursor_->transaction();
    next_ = next(view.sequence());
    reports_.clear();
    if (append_reports(view, account_, reports_) == 0) continue;
    if (wanted_) {
      std::erase_if(reports_,
                    [this](const Report& report) { return report.event.exec_sequence < wanted_; });
      if (reports_.empty()) continue;
      if (reports_.front().event.exec_sequence > wanted_)
        out.append_text(
            error_reply({.code = code_of(ControlError::seq_expired),
                         .message = "the log begins with exec_seq " +
                                    std::to_string(reports_.front().event.exec_sequence.value()),
                         .log = log_named(options_)}));
      wanted_ = ExecSequence{0};
    }
    send(reports_, {.published = now, .epoch = view.epoch(), .replay = true}, out);
  }
  return State::more;
}

void ExecStream::send(std::span<const Report> reports, ExecFrameHead head, Outbox& out) {
  if (encoding_ == ExecEncoding::json) {
    for (const Report& report : reports) {
      json_.clear();
      append_exec_json(report, head.replay, router_.instruments(), json_);
      if (options_.logs > 1)
        json_.insert(json_.size() - 1, ",\"log\":" + std::to_string(options_.log));
      out.append_text(json_);
    }
  } else {
    head.previous = told_;
    head.account = account_;
    head.log = options_.log;
    for (std::size_t at = 0; at < reports.size();)
      out.append_binary(encoder_.encode(head, reports, at, router_.instruments()));
  }
  told_ = reports.front().sequence;
  note_own(reports.front(), out);
}

void ExecStream::note_own(const Report& first, const Outbox& out) {
  if (!session_ || first.sender != session_ || first.sequence <= own_told_) return;
  own_told_ = first.sequence;
  own_.push_back({first.sequence, first.time, first.command_sequence,
                  (first.event.flags & exec_flags::duplicate) != 0,
                  out.consumed_bytes() + out.size()});
}

void ExecStream::tell_slow(Outbox& out, TimeNs now) {
  if (!is_slow_) slow_since_ = now;
  is_slow_ = true;
  slow_told_ = now;
  const auto lag_ns = static_cast<std::uint64_t>(now.value() - slow_since_.value());
  const std::uint64_t lag_events = router_.position().value() + 1 - next_.value();
  if (encoding_ == ExecEncoding::json) {
    JsonWriter json;
    json.open('{').key("op").text("slow_reader").key("account").number(account_.value());
    json.key("lag_ns").wide(lag_ns).key("lag_events").wide(lag_events);
    if (const auto log = log_named(options_)) json.key("log").number(*log);
    out.append_text(json.close('}').view());
    return;
  }
  if (!notices_) notices_.emplace();
  append_system_frames(out, *notices_,
                       {.code = wire::SystemCode::slow_reader,
                        .epoch = router_.epoch(options_.epoch),
                        .now = now,
                        .up_to = told_,
                        .lag_ns = lag_ns,
                        .lag_events = lag_events,
                        .log = options_.log});
}

void ExecStream::tell_caught_up(Outbox& out, TimeNs now) {
  is_slow_ = false;
  if (encoding_ == ExecEncoding::json) {
    JsonWriter json;
    json.open('{').key("op").text("caught_up").key("account").number(account_.value());
    json.key("seq").wide(router_.position().value());
    if (const auto log = log_named(options_)) json.key("log").number(*log);
    out.append_text(json.close('}').view());
    return;
  }
  append_system_frames(out, *notices_,
                       {.code = wire::SystemCode::caught_up,
                        .epoch = router_.epoch(options_.epoch),
                        .now = now,
                        .up_to = router_.position(),
                        .log = options_.log});
}

}  // namespace bourse
