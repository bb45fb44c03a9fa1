// What is put into the text of responses: sub_filter, and pages before and behind a body
// (add_before_body, add_after_body).
#pragma once

#include <string>
#include <vector>

#include "config/model/mime_set.h"
#include "config/model/template_text.h"

namespace baton::config {

struct Substitution {
  TemplateText search;  // compared without regard to case
  TemplateText replacement;
};

struct SubstitutionSettings {
  std::vector<Substitution> pairs;
  bool once = true;  // each text is replaced where it stands first only
  bool keeps_last_modified = false;
  MimeSet types{false, {"text/html"}};

  std::string before_body;  // URIs of subrequests; "": none
  std::string after_body;
  MimeSet addition_types{false, {"text/html"}};
};

}  // namespace baton::config
