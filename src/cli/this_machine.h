// ThisMachine is what `orrery doctor` looks at: the machine and the process it runs in.
//
// Thread  one.
// Limit   a port is tried by opening a listener for a moment; nothing else is changed.
#pragma once

#include "cli/doctor.h"

namespace orrery::cli {

class ThisMachine final : public Machine {
 public:
  [[nodiscard]] std::uint64_t descriptors() const override;
  [[nodiscard]] std::optional<std::string> setting(const std::string& name) const override;
  [[nodiscard]] Result<CertificateDates> certificate(const config::Tls& tls) const override;
  [[nodiscard]] bool readable_by_all(const std::string& file) const override;
  [[nodiscard]] PortAnswer listen(const std::string& address) const override;
  [[nodiscard]] net::Backend automatic_io() const override;
  [[nodiscard]] Result<void> io_uring() const override;
  [[nodiscard]] CalendarTime now() const override;
  [[nodiscard]] bool clock_is_kept() const override;
};

}  // namespace orrery::cli
