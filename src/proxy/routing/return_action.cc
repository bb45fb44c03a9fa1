// Answering with `return`.

#include "proxy/routing/return_action.h"

#include "proxy/files/file_response.h"
#include "proxy/response/response_head.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

Verdict answer_return(Request& request, const config::ReturnStep& action) {
  Response& response = request.response;
  std::string text;
  switch (action.code) {
    case 444:
      return Verdict::error(444);
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      append_header_value(text, action.text, request);
      response.location = request.arena.store(text);
      return Verdict::error(action.code);
    default:
      break;
  }
  if (action.text.empty() && action.code >= 400) return Verdict::error(action.code);
  append_text(text, action.text, request);
  response.status = request.error_status != 0 ? request.error_status : action.code;
  response.text = request.arena.store(text);
  // The type that came with an X-Accel-Redirect stays.
  const bool has_type = request.upstream_head && !response.content_type.empty();
  if (action.code != 204 && !has_type)
    response.content_type = content_type_of(request, request.uri);
  return Verdict::respond();
}

}  // namespace baton::proxy
