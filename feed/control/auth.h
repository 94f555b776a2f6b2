// Who may trade: API keys and the proof that a session holds one.
//   Shape:  the server gives a nonce in hello; the client signs the text "nonce|session" with
//           Ed25519 or HMAC-SHA256 and sends the signature in base64. No clock takes part.
//   Units:  key material in raw bytes: ed25519 the 32 bytes of the public key, hmac-sha256 the
//           secret as it is (at least 16 bytes).
//   Owner:  Keys is filled at start and may be replaced as a whole while the exchange runs; any
//           thread may look a key up and keep it, and verify.
//   Errors: add() says what is wrong with a key; verify() is yes or no, compared in constant time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/types.h"  // AccountId
#include "replay/result.h"   // Result

namespace bourse {

enum class KeyAlgorithm : std::uint8_t { none = 0, ed25519 = 1, hmac_sha256 = 2 };
std::string_view algorithm_name(KeyAlgorithm algorithm);  // "ed25519", "hmac-sha256"
KeyAlgorithm parse_algorithm(std::string_view name);      // none if unknown

// Bits of ApiKey::scopes.
namespace key_scopes {
inline constexpr std::uint32_t read = 1;      // the account's own reports
inline constexpr std::uint32_t trade = 2;     // orders, amends, cancels
inline constexpr std::uint32_t admin = 4;     // markets, accounts, instruments, voided trades
inline constexpr std::uint32_t dropcopy = 8;  // reports of the accounts that the key names
}  // namespace key_scopes

// "read trade admin dropcopy", any of them; nothing if a word is unknown or there is none.
std::optional<std::uint32_t> parse_scopes(std::string_view words);
std::vector<std::string_view> scope_names(std::uint32_t scopes);

struct ApiKey {
  std::string id;  // 1 to 64 printable ASCII characters
  AccountId account{};
  KeyAlgorithm algorithm = KeyAlgorithm::none;
  std::string material;  // raw bytes: public key or secret
  std::uint32_t scopes = key_scopes::read | key_scopes::trade;
  bool enabled = true;
  std::vector<AccountId> accounts = {};  // dropcopy: whose reports, besides its own account's
  bool all_accounts = false;             // dropcopy: everybody's

  bool may_watch(AccountId whose) const;
  bool operator==(const ApiKey&) const = default;
};

// "1 7 12", or "*" for all; nothing if a word is no account.
bool parse_accounts(std::string_view words, ApiKey& key);

// The key of the demo: everybody knows it, so it is added only where the config asks for the demo.
inline constexpr std::string_view demo_key_id = "demo";
inline constexpr std::string_view demo_key_secret = "bourse-demo-secret-not-for-production";
inline constexpr AccountId demo_key_account{1};
ApiKey demo_key();

class Keys {
 public:
  Keys();
  ~Keys();
  Keys(Keys&&) noexcept;
  Keys& operator=(Keys&&) noexcept;

  Result<void> add(ApiKey key);
  std::shared_ptr<const ApiKey> find(std::string_view id) const;  // nullptr if there is none
  std::size_t size() const;

  // All at once, also while sessions look keys up; those that hold one see version() change.
  void replace(Keys with);
  std::uint64_t version() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 24 random bytes in base64, one for each session.
std::string make_nonce();

// What is signed.
std::string challenge(std::string_view nonce, std::string_view session);

// True if `signature` (base64) is the key's over challenge(nonce, session).
bool verify(const ApiKey& key, std::string_view nonce, std::string_view session,
            std::string_view signature);

// The other side, for clients and tests: base64 of the signature. Empty if the key is unusable.
// `private_key` is the 32-byte Ed25519 seed, or the HMAC secret.
std::string sign(KeyAlgorithm algorithm, std::string_view private_key, std::string_view nonce,
                 std::string_view session);

// A fresh pair as files and configuration have it: Ed25519 seed and public key in base64; HMAC a
// secret of 44 characters; no algorithm, nothing.
struct KeyMaterial {
  std::string secret;
  std::string public_key;  // ed25519 only
};
KeyMaterial make_key_material(KeyAlgorithm algorithm);

std::string encode_base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text);  // strict: padded, no spaces

}  // namespace bourse
