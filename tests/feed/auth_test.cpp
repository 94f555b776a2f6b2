#include "feed/control/auth.h"  // Keys, verify, sign

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace bourse {
namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
  return out;
}

// RFC 8032, section 7.1, test 1: a seed and its public key.
const std::string seed =
    from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
const std::string public_key =
    from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");

ApiKey key(std::string id, KeyAlgorithm algorithm, std::string material) {
  return {.id = std::move(id),
          .account = AccountId{7},
          .algorithm = algorithm,
          .material = std::move(material)};
}

TEST(Auth, TheSignatureThatTheProtocolShowsIsTheRightOne) {
  EXPECT_EQ(sign(KeyAlgorithm::hmac_sha256, demo_key_secret, "bm9uY2U=", "s-1f"),
            "ARk2wN3ffhimDZDrCUaK4FYHqmCthuu2AO2kYVngc1U=");
}

TEST(Auth, Base64FollowsTheVectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(encode_base64(plain), encoded);
    EXPECT_EQ(decode_base64(encoded), plain);
  }
}

TEST(Auth, LooseBase64IsRefused) {
  for (const char* text :
       {"Zg", "Zg=", "Zg==\n", " Zg==", "Z===", "====", "Zm9v!mFy", "Zg==Zg==", "Z=g="})
    EXPECT_FALSE(decode_base64(text)) << text;
}

TEST(Auth, AnEd25519SignatureIsProof) {
  const ApiKey k = key("k1", KeyAlgorithm::ed25519, public_key);
  const std::string signature = sign(KeyAlgorithm::ed25519, seed, "nonce", "s-1");
  EXPECT_EQ(decode_base64(signature)->size(), 64u);
  EXPECT_TRUE(verify(k, "nonce", "s-1", signature));
  EXPECT_FALSE(verify(k, "nonce", "s-2", signature)) << "of another session";
  EXPECT_FALSE(verify(k, "other", "s-1", signature)) << "of another nonce";
  EXPECT_FALSE(verify(k, "nonce", "s-1", ""));
  EXPECT_FALSE(verify(k, "nonce", "s-1", encode_base64("short")));
}

TEST(Auth, SignaturesAreThoseOfOtherPrograms) {
  // printf 'nonce|s-1' | openssl pkeyutl -sign -rawin with the seed above.
  EXPECT_EQ(sign(KeyAlgorithm::ed25519, seed, "nonce", "s-1"),
            "KDJXW76QYpl653GmDwRzSvk8o+fyYqIvfri69S9YIA5Jxpzog0tPp0TVh2vUGqC14TPwZtQxKH74+pS9oBw8AA"
            "==");
  // printf 'n|s' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b...
  EXPECT_EQ(
      sign(KeyAlgorithm::hmac_sha256, std::string(20, '\x0b'), "n", "s"),
      encode_base64(from_hex("6ad78316d4a99387c54fc1b01dd8ae12104cbf46c1fae27be5536ddd0c4dc91b")));
}

TEST(Auth, ASignatureOfAnotherKeyIsNoProof) {
  const ApiKey other = key("k1", KeyAlgorithm::ed25519, std::string(32, '\1'));
  EXPECT_FALSE(verify(other, "n", "s", sign(KeyAlgorithm::ed25519, seed, "n", "s")));
}

TEST(Auth, AWrongSecretIsNoProof) {
  const ApiKey k = demo_key();
  EXPECT_TRUE(verify(k, "n", "s", sign(k.algorithm, demo_key_secret, "n", "s")));
  EXPECT_FALSE(verify(k, "n", "s", sign(k.algorithm, "another secret of length", "n", "s")));
}

TEST(Auth, KeysAreFoundByTheirId) {
  Keys keys;
  ASSERT_TRUE(keys.add(key("b", KeyAlgorithm::ed25519, public_key)));
  ASSERT_TRUE(keys.add(key("a", KeyAlgorithm::ed25519, public_key)));
  ASSERT_TRUE(keys.add(demo_key()));
  EXPECT_EQ(keys.find("a")->id, "a");
  EXPECT_EQ(keys.find("demo")->account, demo_key_account);
  EXPECT_EQ(keys.find("c"), nullptr);
}

TEST(Auth, NoKeyIsThereThatTheConfigDidNotName) {
  const Keys keys;
  EXPECT_EQ(keys.find(demo_key_id), nullptr);
}

TEST(Auth, AnUnusableKeyIsRefusedWithItsRemedy) {
  Keys keys;
  ASSERT_TRUE(keys.add(key("k", KeyAlgorithm::ed25519, public_key)));
  ApiKey no_account = key("n", KeyAlgorithm::ed25519, public_key);
  no_account.account = AccountId{0};
  for (const ApiKey& bad :
       {key("k", KeyAlgorithm::ed25519, public_key), key("", KeyAlgorithm::ed25519, public_key),
        key("with blank", KeyAlgorithm::ed25519, public_key),
        key("s", KeyAlgorithm::ed25519, "short"), key("h", KeyAlgorithm::hmac_sha256, "short"),
        key("x", KeyAlgorithm::none, public_key), no_account}) {
    const auto added = keys.add(bad);
    ASSERT_FALSE(added) << bad.id;
    EXPECT_EQ(added.error().code, ExitCode::bad_config);
    EXPECT_FALSE(added.error().next.empty());
  }
  EXPECT_EQ(keys.size(), 1u);
}

TEST(Auth, EveryNonceIsNew) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(make_nonce()).second);
}

TEST(Auth, AlgorithmsHaveNames) {
  for (const auto algorithm : {KeyAlgorithm::ed25519, KeyAlgorithm::hmac_sha256})
    EXPECT_EQ(parse_algorithm(algorithm_name(algorithm)), algorithm);
  EXPECT_EQ(parse_algorithm("rsa"), KeyAlgorithm::none);
}

}  // namespace
}  // namespace bourse
