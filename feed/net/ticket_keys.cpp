#include "feed/net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstring>
#include <mutex>

#include "matching/check.h"  // CHECK

namespace bourse {
namespace {

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};
  std::int64_t made_s = 0;
};

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class TicketKeys {
 public:
  explicit TicketKeys(std::uint32_t rotation_s) : rotation_s_(rotation_s) { make(present_); }
  ~TicketKeys() {
    OPENSSL_cleanse(&present_, sizeof present_);
    OPENSSL_cleanse(&before_, sizeof before_);
  }

  TicketKey for_a_new_ticket() {
    const std::lock_guard lock(mutex_);
    if (now_s() - present_.made_s >= rotation_s_) {
      before_ = present_;
      make(present_);
    }
    return present_;
  }
  // 0: none of ours, 1: the present key, 2: the one before.
  int find(const unsigned char* name, TicketKey& key) {
    const std::lock_guard lock(mutex_);
    const bool is_present = std::memcmp(name, present_.name.data(), present_.name.size()) == 0;
    key = is_present ? present_ : before_;
    if (key.made_s == 0 || std::memcmp(name, key.name.data(), key.name.size()) != 0) return 0;
    const std::int64_t age_s = now_s() - key.made_s;
    if (age_s >= 2 * rotation_s_) return 0;
    return age_s >= rotation_s_ ? 2 : 1;
  }

 private:
  static void make(TicketKey& key) {
    CHECK(RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1);
    CHECK(RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1);
    CHECK(RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1);
    key.made_s = now_s();
  }

  const std::int64_t rotation_s_;
  std::mutex mutex_;
  TicketKey present_;
  TicketKey before_;
};

void free_keys(void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<TicketKeys*>(keys);
}

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_keys);
  return index;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int is_new) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()));
  TicketKey key;
  int answer = 1;
  if (is_new != 0) {
    key = keys->for_a_new_ticket();
    std::memcpy(name, key.name.data(), key.name.size());
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  } else {
    answer = keys->find(name, key);
    if (answer == 0) return 0;
  }
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  const bool is_set =
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, is_new) == 1 &&
      EVP_MAC_CTX_set_params(mac, params) == 1;
  OPENSSL_cleanse(&key, sizeof key);
  return is_set ? answer : -1;
}

}  // namespace

void install_ticket_keys(ssl_ctx_st* context, std::uint32_t rotation_s) {
  CHECK(SSL_CTX_set_ex_data(context, keys_index(), new TicketKeys(rotation_s)) == 1);
  CHECK(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1);
}

}  // namespace bourse
