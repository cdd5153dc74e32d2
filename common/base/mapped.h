/* A mapped file that ends too early (a copy that was cut short, a power cut without fsync), or
 * whose disk fails, kills its reader by SIGBUS, without a word. */
#ifndef VERBATIM_BASE_MAPPED_H
#define VERBATIM_BASE_MAPPED_H

/* From now on the process says which file it was, and ends with the exit status of E_IO. Leaves
 * others' handlers alone, and faults of other memory as they are. */
void mapped_explain(void);

#endif
