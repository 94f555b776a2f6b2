// What a session knows of its connection: who it is to the peer and who the peer is to it.
//   Shape:  a plain value, filled when the websocket is accepted and constant from then on.
//   Owner:  the session that holds it.
#pragma once

#include <string>

#include "matching/types.h"  // SessionId

namespace bourse {

struct SessionInfo {
  SessionId id{};
  std::string name;              // "s-7f..." in hello and in the log lines
  std::string nonce;             // base64, told in hello; auth signs "nonce|name"
  std::string subprotocol;       // the one agreed on; empty if the client offered none
  std::string peer;              // address and port
  std::string certificate = {};  // subject of the client's, if it has shown one that is trusted
};

}  // namespace bourse
