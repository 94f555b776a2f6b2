// `bourse admin`: one request of an administrator to a running exchange, and its decision.
//   Shape:   connects to /v1/trade, proves the key, sends, waits for {"op":"decided"}; data go to
//            stdout (one line), talk to stderr.
//   Owner:   the main thread.
//   Errors:  0 accepted; 10 the exchange says no, with the reason; 66, 69 and 78 as everywhere.
#pragma once

#include <string>
#include <vector>

namespace bourse {

struct AdminArguments {
  std::string url;  // empty: BOURSE_URL, else wss://127.0.0.1:9443
  std::string ca_file;
  bool insecure = false;
  std::string key;               // id; empty: BOURSE_KEY
  std::string secret_file;       // hmac-sha256; empty: BOURSE_SECRET_FILE
  std::string private_key_file;  // ed25519, base64 of the seed; empty: BOURSE_PRIVATE_KEY_FILE
  std::string format = "table";

  struct Field {
    std::string name;
    std::string value;
  };
  std::string operation;      // "set_phase", ...
  std::vector<Field> fields;  // of the request, by their names of docs/PROTOCOL.md
};

int admin_command(const AdminArguments& arguments);

}  // namespace bourse
