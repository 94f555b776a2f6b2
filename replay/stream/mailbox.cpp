#include "replay/stream/mailbox.h"

#include <nats/nats.h>

#include "replay/stream/subscription.h"  // end_subscription

namespace bourse {

std::string_view Mailbox::Message::reply_to() const {
  const char* const reply = natsMsg_GetReply(held.get());
  return reply == nullptr ? std::string_view{} : std::string_view(reply);
}

void Mailbox::End::operator()(natsSubscription* subscription) const {
  end_subscription(subscription, connection);
}

Result<Mailbox> Mailbox::open(JetStream& server, const std::string& subject) {
  std::string listened = subject;
  if (listened.empty()) {
    natsInbox* inbox = nullptr;
    if (const natsStatus status = natsInbox_Create(&inbox); status != NATS_OK)
      return std::unexpected(nats_error(status, "making an inbox", server.options().url));
    listened = inbox;
    natsInbox_Destroy(inbox);
  }
  natsSubscription* subscription = nullptr;
  const natsStatus status =
      natsConnection_SubscribeSync(&subscription, server.connection(), listened.c_str());
  if (status != NATS_OK)
    return std::unexpected(nats_error(status, "listening to " + listened, server.options().url));
  return Mailbox(std::move(listened), subscription, server.connection());
}

std::optional<Mailbox::Message> Mailbox::next(std::chrono::milliseconds wait) {
  natsMsg* message = nullptr;
  if (natsSubscription_NextMsg(&message, subscription_.get(), wait.count()) != NATS_OK)
    return std::nullopt;
  return Message{StreamMessage(message)};
}

bool send_message(JetStream& server, const std::string& subject, std::span<const std::byte> bytes,
                  const std::string& reply_to) {
  if (!server.is_connected()) return false;
  natsConnection* const connection = server.connection();
  const int length = static_cast<int>(bytes.size());
  const natsStatus status =
      reply_to.empty() ? natsConnection_Publish(connection, subject.c_str(), bytes.data(), length)
                       : natsConnection_PublishRequest(connection, subject.c_str(),
                                                       reply_to.c_str(), bytes.data(), length);
  return status == NATS_OK;
}

}  // namespace bourse
