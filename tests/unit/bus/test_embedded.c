/* The embedded bus does what every bus must do. */
#include "test.h"

#include "test_embedded_rig.h"

static struct bus *conformance_open(void)
{
    own_folder_make(NULL);
    struct bus_options options = rig_options();
    struct bus *bus = rig_open(&options, clock_system());
    assert_false(bus_positions_apart(bus)); /* one transaction takes both */
    return bus;
}

static void conformance_close(struct bus *bus)
{
    bus_close(bus);
    own_folder_remove(NULL);
}

#include "test_conformance.h"

int main(void) { return conformance_run("embedded bus"); }
