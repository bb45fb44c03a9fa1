// Gives a freshly forked failover process what it needs to be on time: the lowest real-time
// priority, memory that is never paged out, the processors that the file names. It must happen
// before privileges go. What nobody asked for and the system does not permit is let be.
#pragma once

#include <string>
#include <vector>

#include "config/model/scheduling.h"

namespace baton::supervisor {

// One line for everything that the file asks for and that could not be had.
std::vector<std::string> apply_scheduling(const config::Scheduling& wanted);

}  // namespace baton::supervisor
