// empty_gif: one transparent pixel, without a file.
#pragma once

#include "proxy/request.h"

namespace baton::proxy {

Verdict answer_empty_gif(Request& request);

}  // namespace baton::proxy
