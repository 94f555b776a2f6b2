// Makes certificates: self-signed for a first start, and a small authority for development and mTLS
// (`bourse keys ca|server|client`).
//   Shape:  ECDSA P-256, SHA-256, random serial numbers; valid from a day ago on. A pair is two PEM
//           texts. A client certificate says clientAuth, a server's serverAuth.
//   Owner:  any thread.
//   Errors: names that a certificate cannot carry, an authority that cannot be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "replay/result.h"  // Result

namespace bourse {

struct CertificatePair {
  std::string certificate;  // PEM
  std::string private_key;  // PEM, PKCS #8
};

struct CertificateWish {
  enum class Use : std::uint8_t { server = 1, client = 2, authority = 3 };
  Use use = Use::server;
  std::string common_name;
  std::vector<std::string> names = {};  // hosts and addresses, as clients dial them
  std::uint32_t days = 90;
};

// issuer: nullptr = signs itself.
Result<CertificatePair> make_certificate(const CertificateWish& wish,
                                         const CertificatePair* issuer = nullptr);

bool is_ip_address(std::string_view name);

// Writes a file that only its owner may read. It must not be there yet, unless `replaces`.
Result<void> write_secret_file(const std::string& path, const std::string& text,
                               bool replaces = false);

}  // namespace bourse
