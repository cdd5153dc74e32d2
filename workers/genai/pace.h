/* How fast one provider may be asked: requests and tokens a minute, calls at once, and the pauses
 * that it has asked for. Time is given, never looked up.
 *
 * Calls at once follow what the provider can bear (additive increase, multiplicative decrease): one
 * more a window of answers, half of them after a sign of overload, at most once a window. Until the
 * first such sign the window doubles, as TCP's does at its start. */
#ifndef VERBATIM_WORKERS_GENAI_PACE_H
#define VERBATIM_WORKERS_GENAI_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace_limits {
    uint32_t requests_a_minute, tokens_a_minute; /* 0: none */
    uint32_t calls;                              /* at once, at most */
};

/* Holds a tenth of a minute's worth. A request larger than that is let through when it is full, and
 * leaves it in debt. */
struct bucket {
    double level, most, a_ms;
    int64_t filled_ms;
};

enum { PACE_CALLS_AT_START = 8 };

struct pace {
    struct pace_limits limits;
    struct bucket requests, tokens;
    double window; /* calls at once, for now */
    bool starting; /* no overload so far */
    uint32_t in_flight;
    int64_t hold_until_ms, cut_ms; /* cut: when the window was halved last */
};

enum pace_verdict {
    PACE_GO,
    PACE_FULL,  /* as many calls as may be are out: look again when one has ended */
    PACE_LATER, /* at *ret_again_ms */
};

void pace_init(struct pace *pace, const struct pace_limits *limits, int64_t now_ms);
/* May a call leave that may take as many tokens, with those of its answer? */
enum pace_verdict pace_look(struct pace *pace, uint32_t tokens, int64_t now_ms,
                            int64_t *ret_again_ms);
/* It leaves: after PACE_GO only. */
void pace_leave(struct pace *pace, uint32_t tokens);
/* It has ended, and took so many of the tokens that were reserved (a failure without usage: all).
 */
void pace_settle(struct pace *pace, uint32_t reserved, uint32_t used);

void pace_answered(struct pace *pace);
/* Over its rate, overloaded, or no answer in time, for a call that left at that time. */
void pace_overloaded(struct pace *pace, int64_t left_ms, int64_t now_ms);
/* Back after an outage: one call at once, and no more than one more a window. */
void pace_restart(struct pace *pace, int64_t now_ms);
/* Nothing leaves before then. */
void pace_hold(struct pace *pace, int64_t until_ms);

#endif
