#include "server/listening.h"

#include <utility>

#include "net/listen_address.h"

namespace orrery::server {

Result<void> Listening::open(std::size_t loops, const net::ListenerOptions& options,
                             const std::shared_ptr<net::TicketKeys>& tickets) {
  const auto parsed = net::parse_listen_address(text_);
  if (!parsed) return Error{parsed.error()};
  auto sockets = net::ListenerSet::open(*parsed, loops, options);
  if (!sockets) return Error{sockets.error()};
  sockets_.emplace(std::move(*sockets));
  outlives_us_ = parsed->is_open();
  if (!tls_) return {};
  auto context = read_certificates(tickets);
  if (!context) return Error{context.error()};
  (void)use(std::move(*context));
  return {};
}

std::string Listening::url() const {
  net::ListenAddress shown = sockets_->address();
  if (shown.is_unix()) return shown.text();
  if (shown.host == "0.0.0.0" || shown.host == "*") shown.host = "127.0.0.1";
  if (shown.host == "::") shown.host = "::1";
  return (tls_ ? "https://" : "http://") + shown.text();
}

Result<std::shared_ptr<const net::TlsContext>> Listening::read_certificates(
    const std::shared_ptr<net::TicketKeys>& tickets) const {
  net::TlsOptions files{tls_->certificate, tls_->key, tls_->min_version, tls_->client_ca};
  for (const auto& [certificate, key] : tls_->more_certificates)
    files.more.push_back({certificate, key});
  return net::TlsContext::load(files, tickets);
}

std::shared_ptr<const net::TlsContext> Listening::context() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

bool Listening::use(std::shared_ptr<const net::TlsContext> context) {
  const std::lock_guard lock(mutex_);
  const bool other = !newest_ || newest_->fingerprint() != context->fingerprint();
  newest_ = std::move(context);
  return other;
}

void Listening::add_expiries(std::map<std::string, std::int64_t>& all) const {
  const auto shown = context();
  if (!shown) return;
  const auto moments = shown->not_after();
  all[tls_->certificate] = moments.front();
  for (std::size_t i = 1; i < moments.size(); ++i)
    all[tls_->more_certificates[i - 1].certificate] = moments[i];
}

}  // namespace orrery::server
