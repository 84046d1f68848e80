#include "net/pem.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace orrery::net {
namespace {

using Bio = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;

Bio reader(const PemSource& source) {
  return Bio(BIO_new_mem_buf(source.text.data(), static_cast<int>(source.text.size())));
}

constexpr std::size_t most_bytes = 1'000'000;  // of a file; a bundle of all public CAs has a fifth

int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "unknown error";
}

Error wrong(const PemSource& source, std::string_view what) {
  return Error{fmt::format("{}: {}", source.name, what)};
}

Result<PemSource> read_pem(std::string_view role, const std::string& path) {
  if (path.empty()) return Error{fmt::format("no {} file is given", role)};
  std::error_code unknown;  // where we are
  const auto tried = std::filesystem::absolute(path, unknown);
  PemSource source{fmt::format("{} {}", role, unknown ? path : tried.string()), {}};
  struct stat found {};
  const bool exists = ::stat(path.c_str(), &found) == 0;
  if (exists && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
    return wrong(source, "is no plain file");  // a pipe would hold whoever reads it
  const std::unique_ptr<std::FILE, FreedBy<std::fclose>> file{std::fopen(path.c_str(), "rbe")};
  char block[4096];
  while (file && !std::feof(file.get()) && !std::ferror(file.get()) &&
         source.text.size() <= most_bytes)
    source.text.append(block, std::fread(block, 1, sizeof block, file.get()));
  if (!file || std::ferror(file.get())) {
    const int error = errno;
    return wrong(source, fmt::format("cannot be read: {}", std::generic_category().message(error)));
  }
  if (source.text.size() > most_bytes) return wrong(source, "is larger than a megabyte");
  return source;
}

Result<std::vector<Certificate>> parse_certificates(const PemSource& source) {
  ERR_clear_error();
  std::vector<Certificate> found;
  const Bio bio = reader(source);
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)})
    found.push_back(std::move(next));
  const bool read_to_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!read_to_the_end)
    return wrong(source, fmt::format("certificate number {} is damaged ({})", found.size() + 1,
                                     openssl_reason()));
  ERR_clear_error();
  if (found.empty()) return wrong(source, "holds no certificate in PEM form");
  return found;
}

Result<PrivateKey> parse_key(const PemSource& source) {
  ERR_clear_error();
  const Bio bio = reader(source);
  PrivateKey key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  if (key) return key;
  ERR_clear_error();
  if (source.text.find("ENCRYPTED") != std::string::npos)
    return wrong(source, "is encrypted; a key without a passphrase is needed");
  return wrong(source, "holds no private key in PEM form");
}

}  // namespace orrery::net
