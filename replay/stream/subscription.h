// How a subscription of libnats ends.
//   Owner:  the thread that owns the connection's subscription.
//   Errors: none.
#pragma once

#include <nats/nats.h>

namespace bourse {

// Unsubscribes and destroys. Blocks for at most half a second: the thread of the connection that
// reads may have found the subscription just now, for a message on its way, and does not hold it
// (libnats 3.4.1). After the answer to a ping it has moved on. Without one the subscription is left
// to the process: a few hundred bytes, once per outage.
void end_subscription(natsSubscription* subscription, natsConnection* connection);

}  // namespace bourse
