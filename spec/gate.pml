/* The drain protocol. spec/README.md says how to read it, spec/check.ts how it is checked. */
#include "configuration.pml"
#include "properties.pml"
#include "server.pml"
#include "reconciler.pml"
#include "world.pml"
#include "invariants.pml"
#include "participant.pml"
#include "deployer.pml"
#include "faults.pml"

init {
  atomic {
    for (i : 0 .. SLOTS - 1) { run Process(i) }
    for (i : 0 .. DEPLOYERS - 1) { run Deploy(i) }
    run World()
  }
}
