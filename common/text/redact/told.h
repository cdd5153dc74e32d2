/* Secrets that a sentence tells: what its word asks for, what leads to a value, and what may be one
 * (value.c), for those who look for it (told.c). */
#ifndef VERBATIM_TEXT_REDACT_TOLD_H
#define VERBATIM_TEXT_REDACT_TOLD_H

#include "text/redact/find.h"

enum { VALUE_MOST = 64 };

enum cue_class { NO_CUE, PASSWORD, NUMBER, BACK_DIGITS };

struct told {
    enum cue_class class;
    uint8_t least, most; /* digits of a value that has no more than these; least 0: none do */
    size_t from;         /* where the value may stand, or what leads to it */
    bool odd;            /* a block that is odd is enough, right beside the cue */
    bool plain;          /* a word that is none of every day may be one: "is swordfish" */
    bool answer;         /* and so if a comma leads to it: "my security answer, Bluebell" */
    bool led;            /* right beside the cue stands none: "the code you sent 404 is wrong" */
};

/* What led to a place: nothing, no more than the cue itself, a comma, or more than that. */
enum lead { NO_LEAD, BESIDE_CUE, COMMA, SURE };

/* What a block of bytes without blanks is like. */
struct block {
    size_t start, end;
    bool digits;    /* nothing else */
    bool odd, hard; /* odd: digits beside letters; hard: as no word and no ware is written */
    bool words;     /* all small, with hyphens, and a word of every day: "covid-19-related" */
    bool closed;    /* the sentence or its clause ends behind it */
};

struct block told_read_block(struct str text, size_t start);
/* The same, but digits in groups of one size, "883-120" or "55 20 91", are one. */
struct block told_read_groups(struct str text, size_t start);
bool told_is_value(struct str text, const struct told *told, const struct block *block,
                   enum lead lead);

#endif
