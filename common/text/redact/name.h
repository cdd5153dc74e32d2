/* Names of persons in a text: how one is read, and which are brands', places' or everybody's.
 * What the finders of persons share: behind cues (person.c), without any (bare.c),
 * and again (again.c). */
#ifndef VERBATIM_TEXT_REDACT_NAME_H
#define VERBATIM_TEXT_REDACT_NAME_H

#include "text/redact/find.h"

struct name {
    size_t start, end;
    /* words; of them: on a list or formed like one, given names, "also" names */
    int parts, known, given, also;
    int foreign;                   /* words with letters beyond ASCII */
    bool initial, company;
};

/* Which names written small are read as names. */
enum small { NOT_SMALL, SMALL, SMALL_ALSO }; /* none; listed ones; ambiguous ones as well */

struct name_around; /* the words beside a name, below */

/* The name that starts at `start`; parts 0: there is none. */
struct name name_read(struct str text, size_t start, enum small lower);
/* The same with initials before it: "T. R. Venkataraman", "J.-P. Kerbrat". */
struct name name_read_initials(struct str text, size_t start, enum small lower);
/* The same, told as somebody's: "Name: April Rivers", "Paciente: Abril", of months that people are
 * named; no "Name: May 2025". own: "my name is April and". */
struct name name_read_told(struct str text, size_t start, enum small lower, bool own);
/* Marks the particles behind which name_from() reads on ("Willemine ten Cate"). */
void name_mark_particles(uint64_t *set, int bits);
/* Takes the initials before the name into it; how many there are. */
int name_take_initials(struct str text, struct name *name);
/* "hank dombrowski": a given name of the lists, written small, that is no other word, and what may
 * be a family name behind it; parts 0: it isn't one. */
struct name name_read_small(struct str text, const struct redact_word *given);
/* The same, or a word that no list knows, none of every day, that looks like a name (LIKE_…); a
 * family name behind it goes along (small.c). */
struct name name_read_small_like(struct str text, size_t start, int least);
/* The same from a capitalised word that was read already: it alone where no name goes on. read:
 * what name_read() finds there; NULL: it wasn't asked. */
struct name name_from(struct str text, const struct redact_word *word, const struct name *read);
/* it goes; returns its end */
size_t name_take(struct redact_finder *finder, const struct name *name);
/* The word right behind a name, if it is written small; size 0: there is none. */
struct redact_word name_follow(struct str text, const struct name *name);
/* The word behind `end`, one blank further. */
static inline struct redact_word name_next_word(struct str text, size_t end)
{
    struct redact_word word = {.size = 0};
    if (at(text, end) == ' ') redact_word_at(text, end + 1, &word);
    return word;
}
bool name_is_brand(struct str text, const struct name *name);
bool name_is_brand_pair(struct str text, size_t first_at, size_t second_at);
bool name_is_place(struct str text, const struct name *name);
/* By the words beside it: a ware, a work, a shop (ware.c). of_works: the text talks of books
 * or films. */
bool name_is_thing(struct str text, const struct name *name, const struct name_around *around,
                   bool of_works);
/* "Johnson & Johnson": either of one name. */
bool name_is_firms(struct str text, const struct name *name);
/* "boulangerie", "hotel": what such a word begins or leads is a business. */
bool name_is_shops(const struct redact_word *word);
/* Written as titles are, or put in by brackets (title.c). */
bool name_is_titles(struct str text, const struct name *name);
/* "Thomas the Tank Engine" */
bool name_is_character(struct str text, const struct name *name);
bool name_has_number(struct str text, const struct name *name);
/* What follows is a work of theirs. */
bool name_has_work(struct str text, const struct name *name);
/* "We ate at Ramiro", "llegaron a Vigo": where one eats, sleeps, buys or goes. */
bool name_is_where_one_goes(struct str text, const struct name *name,
                            const struct name_around *around);
bool name_is_public(struct str text, const struct name *name);
/* "Kahlo" near "Frida Kahlo", "Fox" near "Fox News": within 2 KiB. */
bool name_is_partly_public(struct str text, const struct name *name);
/* "Michelle Obama": a public name of several words, where nobody is served. */
bool name_is_known_to_all(struct redact_finder *finder, const struct name *name);
/* The text names one whom everybody knows by two words. */
bool name_has_famous_beside(struct redact_finder *finder);
/* the text is about films, and no customer's matter */
bool name_in_film(struct redact_finder *finder);
/* How surely the text reads like a critic's, by all of its words: CRITIC_PERHAPS, as one in fifteen
 * of what people write do, is enough for a family name alone; CRITIC_SURELY, as only half of
 * critics' do, is what full names want (critic.c). */
enum critic { CRITIC_PERHAPS, CRITIC, CRITIC_SURELY };
/* It does, and is no customer's matter. */
bool name_is_in_a_critique(struct redact_finder *finder, enum critic least);
/* "je m'appelle", "my name", "soy": nobody in a film. */
bool name_is_writers(struct str text, const struct redact_word *cue);
/* "Adelaide, my goddaughter", "Fulbert Guénot (frère)". */
bool name_is_apposed_to_relative(struct str text, const struct name *name);
size_t redact_relative(struct redact_finder *finder, const struct redact_word *cue);
size_t redact_sign_off(struct redact_finder *finder, const struct redact_word *cue);
void redact_signed_at_end(struct redact_finder *finder);
/* "username", "pseudo"; and who has it (user.c). */
bool name_is_users(const struct redact_word *cue);
bool name_is_account(const struct redact_word *cue); /* "account", "cuenta", "compte" */
size_t redact_user_name(struct redact_finder *finder, const struct redact_word *cue);
/* Behind phrases that only people follow, written small: "spoke to priya" (small.c). */
size_t redact_small_name(struct redact_finder *finder, const struct redact_word *word);
/* A word of CUE(NAMED) that names nobody by itself, but begins such a phrase. */
bool name_is_told_behind(const struct redact_word *word);
size_t redact_bare_name(struct redact_finder *finder, const struct redact_word *word);
/* "Team: Anna, Becker and Ruiz", known or not. */
size_t redact_name_list(struct redact_finder *finder, const struct redact_word *word);
/* read: as of name_from() */
size_t redact_unlisted_name(struct redact_finder *finder, const struct redact_word *word,
                            const struct name *read);

/* --- names that nothing introduces ------------------------------------------------------------ */

/* How surely such a name is a private person's, in points. It goes from ENOUGH on. */
enum { NAME_ENOUGH = 2, NAME_SURE = 4, NAME_LIKELY = 3, NAME_POSSIBLE = 2 };
/* Weighs it; where the scan goes on: behind the name, whether it goes or stays. */
size_t name_decide(struct redact_finder *finder, const struct name *name, int points);

/* "he", "her": whom the text means behind a name; nobody else may be there to be meant. `soon`: in
 * the same sentence as well. */
bool name_is_meant_later(struct str text, const struct name *name, bool soon);

struct name_around {
    struct redact_word lead, follow; /* size 0: none is right there */
};
struct name_around name_look_around(struct str text, const struct name *name);
/* Points for what is said to, of or by people right beside it ("spoke with …", "… hung up on me");
 * 0: nothing is. */
int redact_phrase_points(struct redact_finder *finder, const struct name *name,
                         const struct name_around *around);
/* Ordinary words, places and months that many are named: greeted or thanked, they are people. */
bool name_is_often_a_person(struct str text, const struct name *name);
bool name_is_verb_too(const struct redact_word *word); /* "my friend will call" */
/* By its letters alone it looks like somebody's name: at least so many sixteenths of log-odds a
 * word, of several on average. Words of fewer than four letters never do (likeness.c). */
enum { LIKE_A_NAME = 32, LIKE_NOTHING_ELSE = 48, LIKE_ONE_OF_TWO = 24, LIKE_FOR_SURE = 64 };
/* Sixteenths of log-odds a word; INT16_MIN: of words too short or too long. */
int name_likeness(struct str text, const struct name *name);
bool name_is_like_one(struct str text, const struct name *name, int least);
/* Only people are said to be or do that, or are named so, in a text not about films. */
bool name_stands_as_person(struct redact_finder *finder, const struct name *name,
                           const struct name_around *around);
/* "from customer service", "at reception"; `given`: the name is one that people are given,
 * "Nadia de l'accueil". */
bool name_is_from_office(struct str text, const struct name_around *around, bool given);
bool name_is_from_branch(struct str text, const struct name_around *around);
/* "Malvolia Corso, de atención al cliente, …" */
bool name_is_apposed_to_office(struct str text, const struct name *name,
                               const struct name_around *around);
/* Marks the words that lead to an office ("from"). */
void name_mark_offices(uint64_t *set, int bits);
/* "the Makinen novel", "the Aguirre brothers". */
bool name_is_authors(struct str text, const struct name *name, const struct name_around *around);
bool name_is_wanting(struct str text, const struct name *name); /* "Esperanza, ninguna." */
bool name_starts_sentence(struct str text, size_t i);
bool name_people_do(const struct redact_word *verb); /* nearly only people do this */
bool name_is_followed_as_person(const struct redact_word *follow);
/* "Directed by: Anna Reyes": all that stands behind a colon, up to the end of the line. */
bool name_is_field(struct redact_finder *finder, const struct name *name);

static inline struct str folded_of(const struct redact_word *word)
{
    return str_make(word->folded, word->size);
}

/* A small letter, of Latin-1 as well ("était"). */
static inline bool starts_small(struct str text, size_t i)
{
    return is_lower(at(text, i)) || (at(text, i) == '\xC3' && (uint8_t)at(text, i + 1) >= 0xA0);
}

static inline size_t skip_blanks(struct str text, size_t i)
{
    while (at(text, i) == ' ') i++;
    return i;
}

/* "@someone", "#thing" */
static inline bool name_is_handle(struct str text, size_t start)
{
    return before(text, start) == '@' || before(text, start) == '#';
}

static inline bool starts_line(struct str text, size_t i)
{
    /* what an answer quotes */
    if (i > 1 && text.data[i - 1] == ' ' && text.data[i - 2] == '>') i--;
    return i == 0 || text.data[i - 1] == '\n' || text.data[i - 1] == '>';
}

#endif
