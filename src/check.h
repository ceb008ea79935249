#ifndef STORD_CHECK_H
#define STORD_CHECK_H
#include "config.h"
int check_run(const struct config *config);
#endif
