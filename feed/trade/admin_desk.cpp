#include "feed/trade/admin_desk.h"

#include <utility>

#include "feed/control/json_writer.h"      // JsonWriter
#include "feed/log_share.h"                // next_symbol_id
#include "feed/trade/admin_command.h"      // admin_command
#include "replay/text/order_words.h"       // reject_name
#include "replay/text/transaction_rows.h"  // command_name

namespace bourse {

AdminDesk::AdminDesk(ExecRouter& router, OrderEntry& entry, const Log& log, SessionId session,
                     const FeedOptions& options)
    : router_(router),
      entry_(entry),
      log_(log),
      options_(options),
      inbox_{.session = session, .decisions = {}} {
  router_.attach(inbox_);
}

AdminDesk::~AdminDesk() { router_.detach(inbox_); }

bool AdminDesk::knows(std::string_view op) { return is_admin_operation(op); }

void AdminDesk::submit(std::string_view op, FieldReader& fields, TimeNs now, TradeError& error) {
  const auto refuse = [&](Refusal refusal) {
    error.code = refusal.code;
    error.message = std::move(refusal.message);
  };
  if (undecided_.size() >= undecided_max)
    return refuse({code_of(ControlError::overloaded),
                   std::to_string(undecided_max) + " requests are waiting for their decision"});
  auto command = admin_command(op, fields, {router_.instruments(), router_.limits(), log_, now});
  if (!fields.ok()) return;
  if (!command) return refuse(std::move(command.error()));
  command->session = inbox_.session;
  // Of several logs, each gives ids of its own. A known symbol keeps its id, by its name.
  if (command->type == CommandType::define_instrument && options_.logs > 1)
    command->symbol =
        next_symbol_id(router_.instruments().symbol_count(), options_.log, options_.logs);
  if (auto sent = entry_.submit(*command); !sent) return refuse(std::move(sent.error()));
  undecided_.emplace_back(error.id);
}

void AdminDesk::pump(Outbox& out) {
  while (!inbox_.decisions.empty() && !undecided_.empty()) {
    const Decision decision = inbox_.decisions.front();
    const std::string id = std::move(undecided_.front());
    inbox_.decisions.pop_front();
    undecided_.pop_front();
    const bool is_accepted = decision.reason == RejectReason::none;
    JsonWriter json;
    json.open('{').key("op").text("decided");
    if (!id.empty()) json.key("id").raw(id);
    json.key("command").text(command_name(decision.type));
    json.key("decision").text(is_accepted ? "accepted" : "rejected");
    json.key("seq").wide(decision.sequence.value());
    json.key("ts_event").wide(static_cast<std::uint64_t>(decision.time.value()));
    if (const Instrument* about = router_.instruments().instrument(decision.symbol))
      json.key("symbol").text(about->symbol()).key("instrument_id").number(about->id.value());
    if (!is_accepted) {
      json.key("reject_code").number(static_cast<std::uint16_t>(decision.reason));
      json.key("reject").text(reject_name(decision.reason));
    }
    if (options_.logs > 1) json.key("log").number(options_.log);
    json.close('}');
    out.append_text(json.view());
  }
}

}  // namespace bourse
