/* Safety screen: does this text tell of harm, danger, a spoilt product or a special situation?
 *
 * Local and without a network: cue lists (config/cues, one file a language) matched on folded
 * words, then negation, condition, indication, figure of speech and what happened elsewhere
 * resolved around every hit. Recall comes first: a cue counts unless it is negated, conditional,
 * the thing treated, figurative, or unrelated; a serious outcome or a hazard counts also where it
 * is conditional or the thing treated. Whatever was found and did not count stays in `hits` with
 * its polarity, for the audit.
 *
 * What an adverse event, seriousness and special situations are: ICH E2A and E2D, EMA GVP module VI
 * (VI.B.6); hazards: 16 CFR 1115. Causality is never asked for, and patient and reporter are
 * fields, never gates. */
#ifndef VERBATIM_TEXT_SCREEN_H
#define VERBATIM_TEXT_SCREEN_H

#include "text/tokens.h"

enum screen_state { SCREEN_NEGATIVE, SCREEN_POSITIVE, SCREEN_UNASSESSED };

/* clang-format off */
/*    code             name, as in the record's JSON */
#define SCREEN_KINDS(K)                          \
    K(ADVERSE_EVENT,     "adverse_event")        \
    K(HAZARD,            "hazard")               \
    K(PRODUCT_COMPLAINT, "product_complaint")    \
    K(SPECIAL_SITUATION, "special_situation")

#define SCREEN_SERIOUSNESS(S)                        \
    S(DEATH,               "death")                  \
    S(LIFE_THREATENING,    "life_threatening")       \
    S(HOSPITALISATION,     "hospitalisation")        \
    S(DISABILITY,          "disability")             \
    S(CONGENITAL_ANOMALY,  "congenital_anomaly")     \
    S(MEDICALLY_IMPORTANT, "medically_important")

#define SCREEN_SPECIALS(S)                       \
    S(PREGNANCY,        "pregnancy")             \
    S(OVERDOSE,         "overdose")              \
    S(ABUSE,            "abuse")                 \
    S(MISUSE,           "misuse")                \
    S(OFF_LABEL,        "off_label")             \
    S(MEDICATION_ERROR, "medication_error")      \
    S(OCCUPATIONAL,     "occupational_exposure") \
    S(FALSIFIED,        "falsified")             \
    S(LACK_OF_EFFECT,   "lack_of_effect")        \
    S(INTERACTION,      "interaction")

#define SCREEN_POLARITIES(P)     \
    P(AFFIRMED,    "affirmed")   \
    P(NEGATED,     "negated")    \
    P(CONDITIONAL, "conditional") \
    P(INDICATION,  "indication") \
    P(FIGURATIVE,  "figurative") \
    P(UNRELATED,   "unrelated")
/* clang-format on */

/* The position of a bit in `kinds`, `seriousness` and `specials`: 1u << SCREEN_ADVERSE_EVENT … */
#define SCREEN_CODE(code, name) SCREEN_##code,
enum screen_kind { SCREEN_KINDS(SCREEN_CODE) SCREEN_KIND_COUNT };
enum screen_serious { SCREEN_SERIOUSNESS(SCREEN_CODE) SCREEN_SERIOUS_COUNT };
enum screen_special { SCREEN_SPECIALS(SCREEN_CODE) SCREEN_SPECIAL_COUNT };
enum screen_polarity { SCREEN_POLARITIES(SCREEN_CODE) SCREEN_POLARITY_COUNT };
#undef SCREEN_CODE

const char *screen_kind_name(enum screen_kind kind);             /* "adverse_event" … */
const char *screen_polarity_name(enum screen_polarity polarity); /* "affirmed" … */

enum {
    SCREEN_MAX_BYTES = 100 * 1024, /* of a text; what lies behind is not looked at */
    SCREEN_MAX_HITS = 64,          /* kept as evidence, those that decide first */
};

struct screen; /* immutable once open: any number of threads may share it */

struct screen_hit {
    uint32_t start, end; /* bytes [start, end) of the text */
    struct str cue;      /* the line of the list, without conditions; owned by the screen */
    uint8_t kind;        /* enum screen_kind */
    uint8_t polarity;    /* enum screen_polarity */
    bool decisive;       /* it made the state positive */
    uint8_t seriousness; /* bits, 0 for most */
    uint16_t specials;   /* bits, 0 for most */
    /* Tokens [asked_first, asked_end) of a question about it, or a label, and of the "no" that
     * answers; an end of 0: none. */
    uint32_t asked_first, asked_end;
};

struct screen_result {
    enum screen_state state;
    uint32_t kinds;       /* bits of enum screen_kind; of decisive hits, like the next two */
    uint32_t seriousness; /* bits of enum screen_serious */
    uint32_t specials;    /* bits of enum screen_special */
    bool serious;
    bool mild; /* the text says that it was nothing serious */
    /* The four criteria of a valid case report: found in the text (or known), never a gate. */
    bool reaction, product, patient, reporter;
    const char *reason; /* of UNASSESSED, else NULL: "language", "too_long", "damaged" (letters are
                         * lost in it) or "not_loaded" */
    struct screen_hit *hits; /* in text order, in the arena */
    uint32_t count;
};

/* Reads en.txt, es.txt and fr.txt of the folder. BAD_MODEL names file and line of what is wrong;
 * NO_INPUT and the like if a file can't be read. */
int screen_open(const char *cues_folder, struct screen **ret_screen, struct err *err) CHECKED;
void screen_close(struct screen *screen); /* NULL is ignored */

/* language: BCP 47 primary tag ("en", "es", "fr"; anything else, "" or NULL is not judged), with
 * its confidence, 0 to 1. A language that is not sure is screened with all lists; one that we don't
 * judge as well, and is UNASSESSED when nothing was found: but for a few words in no language that
 * is sure, each of which is in a list's [group plain]. screen may be NULL: UNASSESSED,
 * "not_loaded". tokens: of this text, by text_tokenize(). Allocates from the arena only.
 * NO_MEMORY only. */
int screen_text(const struct screen *screen, struct str text, const struct tokens *tokens,
                const char *language, float language_confidence, bool product_known,
                struct arena *arena, struct screen_result *ret_result, struct err *err) CHECKED;

/* Patient, reporter, product and mild, joined to *result, where another judge than the lists would
 * raise the alert; other arguments as of screen_text(), which looks for them where the lists found
 * a cue.
 * An unassessed result stays as it is; screen may be NULL. *ret_eased: the text says that an
 * ailment went, or that nothing came of a danger, and that nothing came of a cause. NO_MEMORY
 * only. */
int screen_criteria(const struct screen *screen, struct str text, const struct tokens *tokens,
                    const char *language, float language_confidence, struct arena *arena,
                    struct screen_result *result, bool *ret_eased, struct err *err) CHECKED;

/* A name's words say that it is a medicine ("cough syrup", "gotas"): one of them is in a list's
 * [group medicine]. `tokens` are the name's; screen may be NULL. NO_MEMORY only. */
int screen_is_medicine(const struct screen *screen, struct str name, const struct tokens *tokens,
                       struct arena *arena, bool *ret_medicine, struct err *err) CHECKED;

#endif
