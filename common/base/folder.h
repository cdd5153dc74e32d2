/* Folders. */
#ifndef VERBATIM_BASE_FOLDER_H
#define VERBATIM_BASE_FOLDER_H

#include "base/err.h"

/* Makes the folder and those above it, mode 0700 (as the umask allows); fine if it is there. */
int folder_create(const char *path, struct err *err) CHECKED;

/* A file that was made, or renamed to this path, is there after a power cut, too. */
int folder_sync_of(const char *path, struct err *err) CHECKED;

#endif
