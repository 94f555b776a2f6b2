#include "replay/stream/subscription.h"

#include <cstdint>

namespace bourse {

void end_subscription(natsSubscription* subscription, natsConnection* connection) {
  constexpr std::int64_t flush_max_ms = 500;
  natsSubscription_Unsubscribe(subscription);
  if (natsConnection_FlushTimeout(connection, flush_max_ms) == NATS_OK)
    natsSubscription_Destroy(subscription);
}

}  // namespace bourse
