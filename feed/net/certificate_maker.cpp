#include "feed/net/certificate_maker.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

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
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

bool nameable(std::string_view name) {
  return !name.empty() && name.find_first_of(",\n\\") == std::string_view::npos;
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<std::size_t>(length));
}

Bio reader_of(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

void set_serial(X509* certificate) {
  std::array<unsigned char, 8> bytes{};
  CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number >> 1);
}

Error io_error(const std::string& path) {
  return {ExitCode::cannot_create, std::strerror(errno), path, "a directory that can be written"};
}

}  // namespace

bool is_ip_address(std::string_view name) {
  return name.find(':') != std::string_view::npos ||
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

Result<CertificatePair> make_certificate(const CertificateWish& wish,
                                         const CertificatePair* issuer) {
  std::string names;
  for (const std::string& name : wish.names) {
    if (!nameable(name))
      return fail(ExitCode::bad_config, "a certificate cannot carry the name '" + name + "'", "",
                  "name hosts as clients dial them: localhost, 127.0.0.1, desk.example");
    names += (names.empty() ? "" : ",") + std::string(is_ip_address(name) ? "IP:" : "DNS:") + name;
  }
  Key issuer_key;
  Certificate issuer_certificate;
  if (issuer != nullptr) {
    issuer_certificate.reset(
        PEM_read_bio_X509(reader_of(issuer->certificate).get(), nullptr, nullptr, nullptr));
    issuer_key.reset(
        PEM_read_bio_PrivateKey(reader_of(issuer->private_key).get(), nullptr, nullptr, nullptr));
    if (!issuer_certificate || !issuer_key ||
        X509_check_private_key(issuer_certificate.get(), issuer_key.get()) != 1)
      return fail(ExitCode::bad_config, "the authority's certificate and key do not fit", "",
                  "make one: bourse keys ca");
  }

  Key key(EVP_EC_gen("P-256"));
  Certificate certificate(X509_new());
  CHECK(key != nullptr && certificate != nullptr);
  X509* const x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  set_serial(x);
  X509_gmtime_adj(X509_getm_notBefore(x), -24L * 3600);  // for clients whose clock is behind
  X509_gmtime_adj(X509_getm_notAfter(x), static_cast<long>(wish.days) * 24 * 3600);
  X509_set_pubkey(x, key.get());
  X509_NAME* const subject = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                             -1, 0);
  X509* const signer = issuer == nullptr ? x : issuer_certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  const bool is_authority = wish.use == CertificateWish::Use::authority;
  add_extension(x, signer, NID_basic_constraints,
                is_authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
  add_extension(x, signer, NID_key_usage,
                is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
  if (!is_authority)
    add_extension(x, signer, NID_ext_key_usage,
                  wish.use == CertificateWish::Use::server ? "serverAuth" : "clientAuth");
  add_extension(x, signer, NID_subject_key_identifier, "hash");
  if (issuer != nullptr) add_extension(x, signer, NID_authority_key_identifier, "keyid:always");
  if (!names.empty()) add_extension(x, signer, NID_subject_alt_name, names);
  CHECK(X509_sign(x, issuer == nullptr ? key.get() : issuer_key.get(), EVP_sha256()) > 0);

  CertificatePair made;
  const Bio certificate_out(BIO_new(BIO_s_mem())), key_out(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(certificate_out.get(), x) == 1);
  CHECK(PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
        1);
  made.certificate = text_of(certificate_out.get());
  made.private_key = text_of(key_out.get());
  return made;
}

Result<void> write_secret_file(const std::string& path, const std::string& text, bool replaces) {
  const std::string fresh = replaces ? path + ".new" : path;
  if (replaces) ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EEXIST)
      return fail(ExitCode::cannot_create, "is there already", path,
                  "move it away: nothing is overwritten");
    return std::unexpected(io_error(path));
  }
  std::size_t at = 0;
  bool is_written = true;
  while (is_written && at < text.size()) {
    const ssize_t written = ::write(fd, text.data() + at, text.size() - at);
    is_written = written > 0;
    if (is_written) at += static_cast<std::size_t>(written);
  }
  is_written = is_written && ::fsync(fd) == 0;
  is_written = ::close(fd) == 0 && is_written;
  if (is_written && (!replaces || ::rename(fresh.c_str(), path.c_str()) == 0)) return {};
  Error error = io_error(path);
  ::unlink(fresh.c_str());
  return std::unexpected(std::move(error));
}

}  // namespace bourse
