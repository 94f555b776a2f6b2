#include "feed/control/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <iterator>
#include <memory>
#include <mutex>
#include <utility>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

constexpr std::size_t ed25519_key_bytes = 32;
constexpr std::size_t ed25519_signature_bytes = 64;
constexpr std::size_t hmac_bytes = 32;
constexpr std::size_t hmac_secret_bytes_min = 16;
constexpr std::size_t key_id_bytes_max = 64;
constexpr std::size_t nonce_bytes = 24;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::array<unsigned char, hmac_bytes> hmac(std::string_view secret, std::string_view text) {
  std::array<unsigned char, hmac_bytes> out{};
  unsigned int length = 0;
  CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(text),
             text.size(), out.data(), &length) != nullptr);
  CHECK(length == out.size());
  return out;
}

bool verify_ed25519(std::string_view public_key, std::string_view text,
                    std::string_view signature) {
  if (signature.size() != ed25519_signature_bytes) return false;
  const Key key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key),
                                            public_key.size())};
  const Context context{EVP_MD_CTX_new()};
  if (!key || !context) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

std::string sign_ed25519(std::string_view seed, std::string_view text) {
  const Key key{
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size())};
  const Context context{EVP_MD_CTX_new()};
  std::array<unsigned char, ed25519_signature_bytes> out{};
  std::size_t length = out.size();
  if (!key || !context ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), out.data(), &length, bytes_of(text), text.size()) != 1)
    return {};
  return {reinterpret_cast<const char*>(out.data()), length};
}

}  // namespace

std::string_view algorithm_name(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::ed25519:
      return "ed25519";
    case KeyAlgorithm::hmac_sha256:
      return "hmac-sha256";
    case KeyAlgorithm::none:
      break;
  }
  return "none";
}

KeyAlgorithm parse_algorithm(std::string_view name) {
  if (name == "ed25519") return KeyAlgorithm::ed25519;
  if (name == "hmac-sha256") return KeyAlgorithm::hmac_sha256;
  return KeyAlgorithm::none;
}

namespace {

constexpr std::pair<std::uint32_t, std::string_view> scope_words[] = {
    {key_scopes::read, "read"},
    {key_scopes::trade, "trade"},
    {key_scopes::admin, "admin"},
    {key_scopes::dropcopy, "dropcopy"}};

}  // namespace

std::optional<std::uint32_t> parse_scopes(std::string_view words) {
  std::uint32_t scopes = 0;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (word.empty()) continue;
    const auto found =
        std::ranges::find(scope_words, word, &std::pair<std::uint32_t, std::string_view>::second);
    if (found == std::end(scope_words)) return std::nullopt;
    scopes |= found->first;
  }
  return scopes == 0 ? std::nullopt : std::optional(scopes);
}

std::vector<std::string_view> scope_names(std::uint32_t scopes) {
  std::vector<std::string_view> names;
  for (const auto& [scope, name] : scope_words)
    if ((scopes & scope) != 0) names.push_back(name);
  return names;
}

ApiKey demo_key() {
  return {.id = std::string{demo_key_id},
          .account = demo_key_account,
          .algorithm = KeyAlgorithm::hmac_sha256,
          .material = std::string{demo_key_secret}};
}

struct Keys::State {
  std::mutex mutex;
  std::vector<std::shared_ptr<const ApiKey>> keys;  // few; sorted by id
  std::atomic<std::uint64_t> version{0};
};

namespace {

bool id_less(const std::shared_ptr<const ApiKey>& known, std::string_view id) {
  return known->id < id;
}

}  // namespace

Keys::Keys() : state_(std::make_unique<State>()) {}
Keys::~Keys() = default;
Keys::Keys(Keys&&) noexcept = default;
Keys& Keys::operator=(Keys&&) noexcept = default;

Result<void> Keys::add(ApiKey key) {
  const std::string where = "key '" + key.id + "'";
  const auto printable = [](char c) { return c > 0x20 && c < 0x7f; };
  if (key.id.empty() || key.id.size() > key_id_bytes_max ||
      !std::all_of(key.id.begin(), key.id.end(), printable))
    return fail(ExitCode::bad_config, "a key id is 1 to 64 printable ASCII characters", where,
                "give the key a plain id such as desk-1");
  if (key.account == AccountId{})
    return fail(ExitCode::bad_config, "the key belongs to no account", where,
                "set account to a number from 1");
  if (key.algorithm == KeyAlgorithm::none)
    return fail(ExitCode::bad_config, "unknown algorithm", where,
                "algorithm is ed25519 or hmac-sha256");
  if (key.algorithm == KeyAlgorithm::ed25519 && key.material.size() != ed25519_key_bytes)
    return fail(ExitCode::bad_config,
                "the public key has " + std::to_string(key.material.size()) + " bytes, not 32",
                where, "give the raw Ed25519 public key in base64 (44 characters)");
  if (key.algorithm == KeyAlgorithm::hmac_sha256 && key.material.size() < hmac_secret_bytes_min)
    return fail(ExitCode::bad_config, "the secret is shorter than 16 bytes", where,
                "use a longer secret: openssl rand -base64 32");
  const std::lock_guard lock(state_->mutex);
  auto& keys = state_->keys;
  const auto at = std::lower_bound(keys.begin(), keys.end(), std::string_view{key.id}, id_less);
  if (at != keys.end() && (*at)->id == key.id)
    return fail(ExitCode::bad_config, "two keys have the same id", where, "rename one of them");
  keys.insert(at, std::make_shared<const ApiKey>(std::move(key)));
  return {};
}

std::shared_ptr<const ApiKey> Keys::find(std::string_view id) const {
  const std::lock_guard lock(state_->mutex);
  const auto& keys = state_->keys;
  const auto at = std::lower_bound(keys.begin(), keys.end(), id, id_less);
  return at != keys.end() && (*at)->id == id ? *at : nullptr;
}

std::size_t Keys::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->keys.size();
}

void Keys::replace(Keys with) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->keys.swap(with.state_->keys);
  }
  state_->version.fetch_add(1, std::memory_order_release);
}

std::uint64_t Keys::version() const { return state_->version.load(std::memory_order_acquire); }

bool ApiKey::may_watch(AccountId whose) const {
  return whose == account || all_accounts || std::ranges::find(accounts, whose) != accounts.end();
}

bool parse_accounts(std::string_view words, ApiKey& key) {
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find_first_of(" ,"));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    if (word.empty()) continue;
    if (word == "*") {
      key.all_accounts = true;
      continue;
    }
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size() || number == 0) return false;
    key.accounts.push_back(AccountId{number});
  }
  return true;
}

std::string make_nonce() {
  std::array<unsigned char, nonce_bytes> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return encode_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string challenge(std::string_view nonce, std::string_view session) {
  std::string out{nonce};
  out += '|';
  out += session;
  return out;
}

bool verify(const ApiKey& key, std::string_view nonce, std::string_view session,
            std::string_view signature) {
  const auto raw = decode_base64(signature);
  if (!raw) return false;
  const std::string text = challenge(nonce, session);
  if (key.algorithm == KeyAlgorithm::ed25519) return verify_ed25519(key.material, text, *raw);
  if (key.algorithm != KeyAlgorithm::hmac_sha256 || raw->size() != hmac_bytes) return false;
  const auto expected = hmac(key.material, text);
  return CRYPTO_memcmp(expected.data(), raw->data(), expected.size()) == 0;
}

std::string sign(KeyAlgorithm algorithm, std::string_view private_key, std::string_view nonce,
                 std::string_view session) {
  const std::string text = challenge(nonce, session);
  if (algorithm == KeyAlgorithm::ed25519) return encode_base64(sign_ed25519(private_key, text));
  if (algorithm != KeyAlgorithm::hmac_sha256) return {};
  const auto bytes = hmac(private_key, text);
  return encode_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

KeyMaterial make_key_material(KeyAlgorithm algorithm) {
  KeyMaterial made;
  if (algorithm == KeyAlgorithm::none) return made;
  std::array<unsigned char, ed25519_key_bytes> secret{};
  CHECK(RAND_priv_bytes(secret.data(), static_cast<int>(secret.size())) == 1);
  made.secret = encode_base64({reinterpret_cast<const char*>(secret.data()), secret.size()});
  if (algorithm == KeyAlgorithm::ed25519) {
    const Key key{
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size())};
    std::array<unsigned char, ed25519_key_bytes> open{};
    std::size_t length = open.size();
    CHECK(key && EVP_PKEY_get_raw_public_key(key.get(), open.data(), &length) == 1);
    made.public_key = encode_base64({reinterpret_cast<const char*>(open.data()), length});
  }
  OPENSSL_cleanse(secret.data(), secret.size());
  return made;
}

std::string encode_base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP writes a closing zero
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  const auto alphabet = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  // EVP_DecodeBlock forgives blanks at both ends and padding in the middle; we do not.
  const auto body = text.substr(0, text.size() - padding);
  if (!std::all_of(body.begin(), body.end(), alphabet)) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(text),
                                     static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

}  // namespace bourse
