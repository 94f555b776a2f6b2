// What a trader asks about the past of its account: what became of a client sequence, and where an
// order is. Answered from memory where that has it, else out of the log.
//   Shape:  a short queue; pump() reads a bounded piece of the log for the first one and answers it
//           in JSON. Client sequences of an account grow with the sequence, so that the log is
//           searched by bisection; an order's id is the transaction of its birth.
//   Owner:  a session of the router's io thread. Must not outlive router or log.
//   Errors: answers of its own: never used (5012), used for something else (5011), unknown_order,
//           seq_expired where the log begins later, journal_unavailable.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "feed/control/json_writer.h"  // JsonWriter
#include "feed/net/outbox.h"           // Outbox
#include "feed/trade/exec_router.h"    // ExecRouter, Report
#include "matching/command.h"          // Command
#include "replay/log/log.h"            // Log, Cursor

namespace bourse {

struct OrderQuestion {
  std::string id = {};                // JSON, as the client sent it; empty: none
  ClientSequence client_sequence{0};  // what became of it; 0: it is about `order`
  OrderId order{0};
  bool is_retry = false;       // answered by an `outcome`, else by an `order_status`
  bool is_comparable = false;  // the retry is `command`, and must say the same
  Command command = {};
};

// Do both say the same? Times, sessions and what the sequencer stamps do not count.
bool same_request(const Command& first, const Command& retry);

class OrderQuestions {
 public:
  static constexpr std::size_t waiting_max = 64;
  static constexpr std::size_t transactions_per_pump_max = 2048;
  static constexpr std::size_t reports_told_max = 256;  // of one outcome

  // `named`: what is answered names this log.
  OrderQuestions(const ExecRouter& router, const Log& log, AccountId account,
                 std::optional<std::uint32_t> named = {});

  // False: too many wait already.
  bool ask(OrderQuestion question);
  bool pump(Outbox& out);  // true: more is due now

 private:
  enum class Step : std::uint8_t { more = 1, answered = 2, waits = 3 };
  enum class Stage : std::uint8_t { begin = 1, search = 2, follow = 3 };

  Step step(Outbox& out);
  Step begin(Outbox& out);
  Step search(Outbox& out);
  Step follow(Outbox& out);
  const std::string& with_log(std::string& report) const;
  Step tell(JsonWriter& json, Outbox& out) const;
  Step tell_outcome(const TransactionView& view, Outbox& out);
  Step tell_open(const OrderState& state, Outbox& out);
  Step tell_last(Outbox& out);
  Step refuse(std::uint16_t code, std::string message, Outbox& out);
  Step refuse_unreadable(const Error& error, Outbox& out);
  bool seek(Sequence sequence, Outbox& out);

  const ExecRouter& router_;
  const Log& log_;
  AccountId account_;
  std::optional<std::uint32_t> named_;
  std::deque<OrderQuestion> waiting_;
  std::optional<Cursor> cursor_;
  Stage stage_ = Stage::begin;
  Sequence low_{0};  // of the search: in [low, high), read on from middle
  Sequence high_{0};
  Sequence middle_{0};
  bool is_reading_ = false;
  std::optional<Report> last_;  // of the order that is followed
  std::vector<Report> reports_;
};

// The state of an order as JSON: what reports call it, as of now.
void append_order_json(const OrderState& state, const InstrumentTable& instruments,
                       std::string& out);

}  // namespace bourse
