// The keys that encrypt TLS session tickets, replaced at an age: a key that leaks opens the tickets
// of a bounded time only.
//   Shape:  the present key and the one before, which still opens tickets (they are renewed then).
//           Replaced when the next ticket is made after its time.
//   Units:  seconds of the steady clock.
//   Owner:  the TLS context it is installed in, which ends it; any io thread calls back.
//   Errors: none; a ticket of an older key is none: the handshake is a full one.
#pragma once

#include <cstdint>

struct ssl_ctx_st;

namespace bourse {

void install_ticket_keys(ssl_ctx_st* context, std::uint32_t rotation_s);

}  // namespace bourse
