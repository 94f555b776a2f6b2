// A trader on one account: sends new orders and cancels when it is told to, sends again what has no
// answer wherever it lands, and writes down what it is told.
//   Shape:  may_send() and send() by the clock of the load; flush() after each round of it. What is
//           sent again goes first, in the order of its numbers, a few at a time, and as it was.
//   Owner:  as its crowd.
//   Errors: none here: what an exchange must never say is in faults(), and the checker judges.
#pragma once

#include <cstdio>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/aligned_copy.h"   // AlignedCopy
#include "feed/control/json_fields.h"  // JsonFields
#include "feed/trade/order_frames.h"   // WireOrder, WireReport
#include "feed/wire.h"                 // frame_flags
#include "tests/chaos/told_records.h"  // ToldReport, ToldRefusal
#include "tests/chaos/wanderer.h"      // Wanderer

namespace bourse {

struct SenderOptions {
  std::uint32_t account = 1;
  std::string key;
  std::string secret;
  std::uint32_t symbols = 1;  // instruments 1 to this
  std::size_t window = 2048;  // without an answer
  std::FILE* reports = nullptr;
  std::FILE* refusals = nullptr;
};

class OrderSender : public Wanderer {
 public:
  struct Totals {
    std::uint64_t orders = 0;  // sent, each counted once
    std::uint64_t cancels = 0;
    std::uint64_t sent_again = 0;
    std::uint64_t accepted = 0;  // orders
    std::uint64_t answered = 0;  // requests: accepted, refused by the engine, cancelled
    std::uint64_t refused = 0;   // at the edge: nothing has happened
    std::uint64_t outcomes = 0;  // answers to what was sent again
    std::uint64_t in_doubt = 0;  // a gateway could not say what became of it, yet
  };

  OrderSender(Crowd& crowd, SenderOptions options);

  bool may_send(std::int64_t now) const;
  bool send();   // one request more, which flush() makes go; false: a cancel, besides the orders
  void flush();  // and what is to be sent again
  std::size_t waiting() const { return pending_.size(); }  // requests without an answer
  std::uint64_t last_seq() const { return last_seq_; }     // of what it was told
  const Totals& totals() const { return totals_; }
  std::uint32_t account() const { return options_.account; }
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct Pending {
    WireOrder order;
    std::uint16_t times_sent = 0;
  };

  void on_open() override {}
  void on_text(std::string_view text) override;
  void on_binary(std::span<const std::byte> payload) override;
  void on_lost() override;
  void on_quiet() override;

  void on_hello();
  void on_admitted();
  void on_error(std::string_view text);
  void on_outcome();
  void on_report(const WireReport& report);
  void on_outcome_report(std::string_view text);
  void answer(std::uint64_t client_seq);
  bool forget(std::uint64_t client_seq);
  void put(std::uint64_t client_seq);
  WireOrder make_order();
  bool take_a_resting_one(WireOrder& cancel);
  std::string text_of(const char* key) const;
  std::uint64_t number_of(const char* key) const;
  void note(std::string what);

  const SenderOptions options_;
  AlignedCopy aligned_;
  JsonFields fields_;
  bool is_admitted_ = false;
  std::uint64_t next_client_seq_ = 1;
  std::uint64_t exec_last_ = 0;
  std::uint64_t last_seq_ = 0;   // of the newest report
  std::uint64_t whole_seq_ = 0;  // of the newest frame that was not PARTIAL
  std::int64_t not_before_ns_ = 0;
  std::int64_t answered_ns_ = 0;
  std::map<std::uint64_t, Pending> pending_;                  // by client_seq
  std::set<std::uint64_t> again_;                             // to be sent again
  std::set<std::uint64_t> asked_again_;                       // sent again and not answered yet
  std::unordered_map<std::uint64_t, std::uint32_t> resting_;  // order id: instrument
  std::deque<std::uint64_t> oldest_;                          // of them, and of some that are gone
  std::unordered_map<std::uint64_t, std::uint64_t> cancels_;  // order id: client_seq of its cancel
  Totals totals_;
  std::vector<std::string> faults_;
};

}  // namespace bourse
