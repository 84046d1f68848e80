#include "net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <utility>

namespace orrery::net {
namespace {

enum class Direction : int { open = 0, seal = 1 };

bool use(TicketKeys::Key& key, const unsigned char* iv, Direction direction, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  char digest[] = "SHA256";
  const OSSL_PARAM settings[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv,
                           static_cast<int>(direction)) == 1 &&
         EVP_MAC_CTX_set_params(mac, settings) == 1;
}

int seal(TicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  auto key = keys.newest();
  if (!key || RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
  std::ranges::copy(key->name, name);
  return use(*key, iv, Direction::seal, cipher, mac) ? 1 : -1;
}

// 0: a full handshake. 2: another ticket afterwards; in TLS 1.3 each is for one time (RFC 8446
// §C.4).
int open(TicketKeys& keys, const unsigned char* name, const unsigned char* iv, bool once,
         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  auto found = keys.find(name);
  if (!found) return 0;
  if (!use(found->key, iv, Direction::open, cipher, mac)) return -1;
  return found->age == TicketKeys::Age::seals && !once ? 1 : 2;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int sealing) {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  return sealing != 0 ? seal(keys, name, iv, cipher, mac)
                      : open(keys, name, iv, SSL_version(ssl) >= TLS1_3_VERSION, cipher, mac);
}

template <typename Secret>
void wipe(std::optional<Secret>& secret) {
  if (secret) OPENSSL_cleanse(&*secret, sizeof *secret);
  secret.reset();
}

}  // namespace

TicketKeys::~TicketKeys() {
  wipe(newest_);
  wipe(older_);
}

void TicketKeys::seal_for(ssl_ctx_st* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

std::optional<TicketKeys::Key> TicketKeys::newest() {
  const std::lock_guard lock(mutex_);
  grow_old();
  if (newest_) return newest_->key;
  Key fresh;
  const bool random =
      RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) == 1 &&
      RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size())) == 1 &&
      RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size())) == 1;
  if (!random) return std::nullopt;
  newest_ = Made{fresh, clock_.now()};
  return fresh;
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name) {
  const std::lock_guard lock(mutex_);
  grow_old();
  const auto is = [name](const std::optional<Made>& made) {
    return made && std::equal(made->key.name.begin(), made->key.name.end(), name);
  };
  if (is(newest_)) return Found{newest_->key, Age::seals};
  if (is(older_)) return Found{older_->key, Age::only_opens};
  return std::nullopt;
}

void TicketKeys::grow_old() {
  const Time now = clock_.now();
  if (newest_ && now >= newest_->at + seals_for) {
    wipe(older_);
    older_ = newest_;
    wipe(newest_);
  }
  if (older_ && now >= older_->at + 2 * seals_for) wipe(older_);
}

}  // namespace orrery::net
