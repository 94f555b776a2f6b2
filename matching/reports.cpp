#include "matching/reports.h"

namespace bourse {

void add_rejection(EngineState& state, EventBuffer& out, const Command& command,
                   RejectReason reason, std::uint32_t flags) {
  if (command.type == CommandType::new_order) {
    ExecEvent& event = report_of_command(state, out, command);
    event.leaves = QuantityLots{0};
    event.type = ExecType::rejected;
    event.status = OrderStatus::rejected;
    event.reject_reason = reason;
    event.flags = flags;
    return;
  }
  ExecEvent& added = next_report(state, out, command.account);
  ExecEvent event{};
  event.exec_sequence = added.exec_sequence;
  event.client_sequence = command.client_sequence;
  event.price = no_price;
  event.last_price = no_price;
  event.account = command.account;
  event.symbol = command.symbol;
  event.type = ExecType::rejected;
  if (command.type == CommandType::amend || command.type == CommandType::cancel) {
    event.order_id = command.order.order_id;
    event.group = command.order.group;
    event.client_order_id = command.order.client_order_id;
    event.type = ExecType::cancel_rejected;
  }
  if (command.type == CommandType::amend) {
    event.price = command.order.price;
    event.quantity = command.order.quantity;
  }
  event.reject_reason = reason;
  event.flags = flags;
  added = event;
}

}  // namespace bourse
