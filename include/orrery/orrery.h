// All of Orrery but its test server, which is <orrery/testing.h>.
#pragma once

#include "orrery/handler.h"
#include "orrery/handshake.h"
#include "orrery/limits.h"
#include "orrery/message.h"
#include "orrery/request.h"
#include "orrery/response.h"
#include "orrery/result.h"
#include "orrery/router.h"
#include "orrery/server.h"
#include "orrery/session.h"
