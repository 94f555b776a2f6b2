#include "feed/certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "matching/check.h"  // CHECK

namespace bourse {

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;

constexpr long validity_seconds = 90L * 24 * 3600;

bool is_address(std::string_view name) {
  return name.find(':') != std::string_view::npos ||
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

bool nameable(std::string_view name) {
  return !name.empty() && name.find_first_of(",\n\\") == std::string_view::npos;
}

Result<Certificate> self_signed(EVP_PKEY* key, const FeedOptions& options) {
  std::string names;
  for (const std::string& name : options.certificate_names) {
    if (!nameable(name))
      return fail(ExitCode::bad_config, "a certificate cannot carry the name '" + name + "'", "",
                  "name hosts as clients dial them: localhost, 127.0.0.1, desk.example");
    names += (names.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  Certificate certificate(X509_new());
  CHECK(certificate != nullptr);
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  std::array<unsigned char, 8> serial{};
  CHECK(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1);
  std::uint64_t number = 0;
  std::memcpy(&number, serial.data(), sizeof number);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), number >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -24L * 3600);  // for clients whose clock is behind
  X509_gmtime_adj(X509_getm_notAfter(x), validity_seconds);
  X509_set_pubkey(x, key);
  X509_NAME* subject = X509_get_subject_name(x);
  const std::string common =
      options.certificate_names.empty() ? options.server_name : options.certificate_names.front();
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509_set_issuer_name(x, subject);
  add_extension(x, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(x, NID_key_usage, "critical,digitalSignature");
  add_extension(x, NID_ext_key_usage, "serverAuth");
  if (!names.empty()) add_extension(x, NID_subject_alt_name, names);
  CHECK(X509_sign(x, key, EVP_sha256()) > 0);
  return certificate;
}

void apply_settings(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // AES-128-GCM first: half the price of the others per record with AES-NI.
  CHECK(SSL_CTX_set_ciphersuites(context,
                                 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                 "TLS_CHACHA20_POLY1305_SHA256") == 1);
  CHECK(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  CHECK(SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1);
}

std::shared_ptr<SSL_CTX> new_context(const SSL_METHOD* method) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(method), SSL_CTX_free);
  CHECK(context != nullptr);
  apply_settings(context.get());
  return context;
}

Result<void> use_files(SSL_CTX* context, const FeedOptions& options) {
  const std::string& chain = options.certificate_file;
  const std::string& key = options.private_key_file;
  if (chain.empty() || key.empty())
    return fail(ExitCode::bad_config, "certificate and private key must be named together", "",
                "give both files, or neither for a self-signed certificate");
  if (SSL_CTX_use_certificate_chain_file(context, chain.c_str()) != 1)
    return fail(ExitCode::file_missing, "no usable certificate: " + tls_error_text(), chain,
                "a readable PEM file, leaf first, then its issuers");
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ExitCode::file_missing, "no usable private key: " + tls_error_text(), key,
                "a readable PEM file, not encrypted, that belongs to " + chain);
  return {};
}

bool is_named(X509* certificate, const std::string& name) {
  return is_address(name) ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
                          : X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
}

// The pair that an earlier start has kept, if it names the same hosts and is good for a week more.
bool use_kept(SSL_CTX* context, const FeedOptions& options, const std::string& file) {
  if (file.empty() || ::access(file.c_str(), R_OK) != 0 ||
      SSL_CTX_use_certificate_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1) {
    tls_error_text();
    return false;
  }
  X509* certificate = SSL_CTX_get0_certificate(context);
  std::time_t in_a_week = std::time(nullptr) + 7L * 24 * 3600;
  if (X509_cmp_time(X509_get0_notAfter(certificate), &in_a_week) <= 0) return false;
  return std::all_of(options.certificate_names.begin(), options.certificate_names.end(),
                     [certificate](const auto& name) { return is_named(certificate, name); });
}

// Who cannot keep it goes on with one that lives as long as the process.
void keep(X509* certificate, EVP_PKEY* key, const std::string& file) {
  if (file.empty()) return;
  const std::string fresh = file + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;
  std::FILE* const out = ::fdopen(fd, "w");
  CHECK(out != nullptr);
  const bool written = PEM_write_X509(out, certificate) == 1 &&
                       PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (std::fclose(out) != 0 || !written || ::rename(fresh.c_str(), file.c_str()) != 0)
    ::unlink(fresh.c_str());
}

std::string pem_of(X509* certificate) {
  if (certificate == nullptr) return {};
  std::unique_ptr<BIO, Freed<BIO_free_all>> out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), certificate);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace

Result<TlsContext> TlsContext::server(const FeedOptions& options, const std::string& kept_file) {
  std::shared_ptr<SSL_CTX> context = new_context(TLS_server_method());
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, options.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(c, 1);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);  // tickets carry the state
  SSL_CTX_set_session_id_context(c, reinterpret_cast<const unsigned char*>("bourse"), 6);
  if (!options.certificate_file.empty() || !options.private_key_file.empty()) {
    if (auto used = use_files(c, options); !used) return std::unexpected(used.error());
  } else if (!use_kept(c, options, kept_file)) {
    Key key(EVP_EC_gen("P-256"));
    CHECK(key != nullptr);
    auto certificate = self_signed(key.get(), options);
    if (!certificate) return std::unexpected(certificate.error());
    CHECK(SSL_CTX_use_certificate(c, certificate->get()) == 1);
    CHECK(SSL_CTX_use_PrivateKey(c, key.get()) == 1);
    keep(certificate->get(), key.get(), kept_file);
  }
  TlsContext made(std::move(context));
  made.certificate_pem_ = pem_of(SSL_CTX_get0_certificate(c));
  return made;
}

TlsContext TlsContext::client_without_verification() {
  std::shared_ptr<SSL_CTX> context = new_context(TLS_client_method());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  return TlsContext(std::move(context));
}

std::string TlsContext::fingerprint() const {
  const X509* certificate = SSL_CTX_get0_certificate(context_.get());
  if (certificate == nullptr) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &length) == 1);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    constexpr char hex[] = "0123456789ABCDEF";
    if (i > 0) text += ':';
    text += hex[digest[i] >> 4];
    text += hex[digest[i] & 15];
  }
  return text;
}

std::string tls_error_text() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "TLS error " + std::to_string(code);
}

}  // namespace bourse
