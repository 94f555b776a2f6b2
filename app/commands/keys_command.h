// `bourse keys new|list|disable|enable` and `bourse keys ca|server|client`: API keys in a file of
// their own, and a small certificate authority for development and client certificates.
//   Shape:   the keys file is TOML, [[keys]] entries as in bourse.toml, and is only ever replaced
//            as a whole; secrets stand in files beside it, mode 0600, and are never printed.
//   Owner:   the main thread. A running exchange reads the file again on SIGHUP.
//   Errors:  printed on stderr; nothing that is there is overwritten; the ExitCode is returned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bourse {

struct KeysArguments {
  std::string file = "keys.toml";
  std::string id;
  std::uint32_t account = 0;
  std::string scopes = "read trade";
  std::string accounts;  // dropcopy
  std::string algorithm = "ed25519";
  std::string format = "table";
  std::string directory = "certificates";
  std::string name;
  std::vector<std::string> hosts;
  std::uint32_t days = 0;  // 0: by kind
};

int keys_new_command(const KeysArguments& arguments);
int keys_list_command(const KeysArguments& arguments);
int keys_enable_command(const KeysArguments& arguments, bool enabled);
int keys_ca_command(const KeysArguments& arguments);
int keys_server_command(const KeysArguments& arguments);
int keys_client_command(const KeysArguments& arguments);

}  // namespace bourse
