/* Which options take an argument, where versions of ssh differ. */
#ifndef LETTERS_H
#define LETTERS_H

#include "front.h"

bool installed_letters(struct front *front, char *letters, size_t size);

#endif
