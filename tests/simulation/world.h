// A world plays a script: hosts, links, judges, and virtual time that leaps from event to event.
#pragma once

#include <optional>
#include <string>

#include "simulation/checkers.h"
#include "simulation/node.h"
#include "simulation/script.h"

namespace baton::simulation {

struct RunOptions {
  Mutant* mutant = nullptr;
  std::string* chronicle = nullptr;  // filled with what happened, line by line
};

class World {
 public:
  World(const Script& script, Tally& tally, const RunOptions& options);

  // To the end of the script, or to the first complaint.
  std::optional<Complaint> run();

 private:
  // What a step needs to remember between its stages.
  struct Progress {
    bool took_effect = false;
    std::uint32_t stage = 0;
    std::uint32_t looks = 0;  // in vain
    std::size_t successor = 0;
  };

  void next_event();
  void dispatch(const Item& item);

  // Faults (faults.cc). A step has stages; each says how long it is until the next.
  void begin(std::size_t step);
  void stage(std::size_t step);
  std::optional<Duration> play(const Step& step, Progress& progress);
  std::optional<Duration> play_life(const Step& step, Progress& progress);
  std::optional<Duration> play_network(const Step& step, Progress& progress);
  std::optional<Duration> play_truth(const Step& step, Progress& progress);
  std::optional<Duration> play_adverts(const Step& step, Progress& progress);
  std::optional<Duration> play_reload(const Step& step, Progress& progress);
  std::optional<Duration> cold_start(const Step& step, Progress& progress);
  std::optional<Duration> stop(const Step& step, Progress& progress);
  std::optional<Duration> pass(const Step& step, Progress& progress);
  // Beside the segment: BFD, second path, witness, pair link (company_faults.cc).
  std::optional<Duration> play_company(const Step& step, Progress& progress);
  std::optional<Duration> ambush(const Step& step, Progress& progress);
  std::optional<Duration> cut_ways(const Step& step, Progress& progress, std::size_t network);
  void begin_pass(Host& host, const Step& step, const std::string& to);
  std::optional<Duration> pass_by_operator(Host& host, const Step& step, unsigned which);
  std::optional<Duration> stranger(const Step& step, Progress& progress);
  std::optional<Duration> replay(const Step& step, Progress& progress);
  void cut(const Step& step, bool mends);
  void cut_direction(std::size_t link, std::size_t from, std::size_t to, bool mends);
  void change_weather();
  void shoot(const Step& step);
  void shoot_at(Host& host, std::size_t router, const std::vector<std::uint8_t>& bytes,
                const vrrp::Envelope& envelope);
  void reload_unchanged(Host& host);

  const Script& script_;
  Plan plan_;
  Tally& tally_;
  Surroundings around_;
  Judges judges_;
  std::vector<Progress> progress_;        // by step
  std::vector<std::size_t> bad_weather_;  // steps that are at work
  std::size_t next_step_ = 0;
  std::uint64_t last_ticket_ = 0;
  unsigned spins_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace baton::simulation
