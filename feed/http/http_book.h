// GET /v1/book/SYMBOL: the book now, or as it was after any sequence or at any time.
//   Shape:  {"symbol",...,"bids":[[price, quantity, orders], ...],"asks":[...]}; levels, best
//           first, at most `depth` (100 if it is left out; 0: all). The book of the past is read by
//           the history desk.
//   Owner:  functions for the io thread; what they give the desk runs on its thread.
//   Errors: HTTP 400 with the field that is wrong, 404 for a symbol that is not known (then), 410
//           for a place that the log no longer has, 503 when too much is asked at once.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "feed/http/history_desk.h"  // HistoryDesk
#include "feed/market/hub.h"         // Hub
#include "feed/net/http_message.h"   // HttpRequest, HttpAnswer
#include "feed/net/seat.h"           // Session, HttpServed
#include "replay/log/log.h"          // Log

namespace bourse {

using BookAnswer = std::variant<HttpAnswer, std::shared_ptr<const HistoryDesk::Task>>;

inline constexpr std::string_view book_path = "/v1/book/";

// REQUIRES: request.path begins with book_path; the hub is flushed.
BookAnswer answer_book(const HttpRequest& request, const Hub& hub, const Log& log,
                       HistoryDesk& desk);

// The wait of one connection for the desk.
class HttpBook {
 public:
  explicit HttpBook(std::shared_ptr<const HistoryDesk::Task> task) : task_(std::move(task)) {}
  HttpServed serve(Session& session, TimeNs, bool) {
    if (!task_->is_done()) return {};
    session.answer(task_->answer);
    return {.is_over = true};
  }
  // Of a websocket's conversation nothing happens here.
  void on_open(Outbox&) {}
  void on_text(std::string_view, Outbox&) {}
  void on_binary(std::span<const std::byte>, Outbox&) {}
  bool pump(Outbox&, TimeNs) { return false; }
  void on_timer(TimeNs, Outbox&) {}

 private:
  std::shared_ptr<const HistoryDesk::Task> task_;
};

}  // namespace bourse
