// The texts that keys accept, each with the sentence that says so.
//
// Thread  none: pure functions.
#pragma once

#include "config/key.h"

namespace orrery::config {

extern const Form any_text;
extern const Form secret_text;     // what proves who one is: shown to nobody
extern const Form file_path;       // a file, or nothing
extern const Form listen_address;  // an address, a unix socket or a socket of systemd
extern const Form host_address;    // one address without a port
extern const Form origin;          // who may open a WebSocket from a page
extern const Form network;         // CIDR
extern const Form mount_path;      // "/" or "/chat"
extern const Form tls_version;     // "1.2" or "1.3"
extern const Form gear_name;       // one that this server knows
extern const Form pool_name;       // "gear:NAME" or "tenant:ID"
extern const Form redacted_name;   // of a query parameter
extern const Form host_pattern;    // "example.com" or "*.example.com"

/// "127.0.0.0/8", "::1", "localhost" and unix sockets: nobody else can reach them.
bool is_loopback(std::string_view address);

}  // namespace orrery::config
