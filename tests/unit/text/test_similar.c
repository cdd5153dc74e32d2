/* Same and near: what changes a hash, and by how many bits. */
#include "test.h"

#include "text/similar.h"

static struct tokens tokens_of(const char *text, struct arena *arena)
{
    struct err err = {0};
    struct tokens tokens;
    assert_int_equal(text_tokenize(str_of(text), arena, &tokens, &err), E_OK);
    return tokens;
}

static struct similar similar_of(const struct tokens *tokens)
{
    struct similar similar;
    text_similar(tokens, &similar);
    assert_int_equal(similar.similar, text_simhash(tokens));
    return similar;
}

static const struct {
    const char *why, *one, *other;
    bool same;
} exact[] = {
    {"the text itself", "The box was broken.", "The box was broken.", true},
    {"case and punctuation don't count", "The box was broken!!!", "the BOX, was (broken)", true},
    {"accents don't count", "Très déçu de l’écran", "tres decu de l'ecran", true},
    {"blanks and lines don't count", "The box\n was   broken", "The box was broken", true},
    {"order counts", "box the was broken", "the box was broken", false},
    {"a word more counts", "the box was broken again", "the box was broken", false},
    {"a word twice counts", "very very good", "very good", false},
    {"where words part counts", "be at", "beat", false},
    {"numbers count", "5 stars", "4 stars", false},
    {"emoji count", "good 👍", "good 👎", false},
    {"nothing and something", "", "a", false},
    {"nothing and nothing", "", " !? ", true},
};

static void exact_hashes_tell_same_texts(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(exact); i++) {
        CASE(exact[i].why);
        struct tokens one = tokens_of(exact[i].one, &arena),
                      other = tokens_of(exact[i].other, &arena);
        assert_int_equal(similar_of(&one).exact == similar_of(&other).exact, exact[i].same);
    }
    arena_deinit(&arena);
}

/* Two words in the order of Thue and Morse, against the same with the two swapped: sums of powers
 * modulo 2^64 cancel out from 1,024 words on, whatever the words are. */
static void two_orders_of_two_words_differ(void **state)
{
    static const char *const words[] = {"red blue", "no yes", "a b", "kettle leaks", "0 x"};
    static struct token items[2][4096];
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        CASE(words[i]);
        struct tokens two = tokens_of(words[i], &arena);
        assert_int_equal(two.count, 2);
        for (uint32_t at = 0; at < COUNT_OF(items[0]); at++) {
            int which = __builtin_popcount(at) & 1;
            items[0][at] = two.items[which], items[1][at] = two.items[!which];
        }
        for (uint32_t count = 2; count <= COUNT_OF(items[0]); count *= 2) {
            const struct tokens one = {.items = items[0], .count = count},
                                other = {.items = items[1], .count = count};
            assert_true(similar_of(&one).exact != similar_of(&other).exact);
        }
    }
    arena_deinit(&arena);
}

#define REVIEW                                                                                     \
    "I bought this kettle three weeks ago and was happy with it at first, but now the lid does "   \
    "not "                                                                                         \
    "close any more, water leaks from the handle and nobody at the shop answers my messages, so "  \
    "I "                                                                                           \
    "want my money back and will not buy from them again"

static const struct {
    const char *why, *one, *other;
    int least, most; /* bits that differ */
} near[] = {
    {"the same words", REVIEW, REVIEW "!", 0, 0},
    {"case and accents", "Le café était froid et amer", "LE CAFE ETAIT FROID ET AMER", 0, 0},
    {"a word more at the end", REVIEW, REVIEW " thanks", 0, 8},
    {"another name in front", "Anna: " REVIEW, "Peter: " REVIEW, 0, 8},
    {"another text", REVIEW,
     "Fast delivery, the colour is exactly as shown and my daughter loves it, we will order "
     "the bigger one for her brother as soon as it is back in stock",
     16, 48},
};

static void near_texts_differ_in_few_bits(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(near); i++) {
        struct tokens one = tokens_of(near[i].one, &arena),
                      other = tokens_of(near[i].other, &arena);
        int bits = __builtin_popcountll(text_simhash(&one) ^ text_simhash(&other));
        print_message("  - %s: %d bits\n", near[i].why, bits);
        assert_in_range(bits, near[i].least, near[i].most);
    }
    arena_deinit(&arena);
}

/* Votes are counted in planes of bits: the hash of a text must be the hash of the same text many
 * times over, as the words have the same shares. */
static void long_texts_don_t_overflow_the_votes(void **state)
{
    (void)state;
    struct arena arena = {0};
    static char text[sizeof REVIEW * 200];
    for (int i = 0; i < 150; i++) strcat(text, REVIEW " ");
    struct tokens one = tokens_of(REVIEW, &arena), many = tokens_of(text, &arena);
    assert_int_equal(many.count, one.count * 150);
    assert_int_equal(text_simhash(&one), text_simhash(&many));
    arena_deinit(&arena);
}

/* The definition, counted bit by bit. */
static void simhash_is_the_majority_of_all_words(void **state)
{
    (void)state;
    static struct token items[700];
    uint64_t seed = 1;
    for (uint32_t count = 0; count < COUNT_OF(items); count += count < 20 ? 1 : 37) {
        uint32_t votes[64] = {0};
        uint64_t want = 0;
        for (uint32_t i = 0; i < count; i++)
            items[i].hash = seed = seed * UINT64_C(6364136223846793005) +
                                   UINT64_C(1442695040888963407);
        for (uint32_t i = 0; i < count; i++) {
            /* a single vote decides alone */
            uint64_t one = text_simhash(&(struct tokens){.items = &items[i], .count = 1});
            for (int bit = 0; bit < 64; bit++) votes[bit] += (uint32_t)(one >> bit & 1);
        }
        for (int bit = 0; bit < 64; bit++)
            if (votes[bit] * 2 > count) want |= UINT64_C(1) << bit;
        assert_int_equal(text_simhash(&(struct tokens){.items = items, .count = count}), want);
    }
}

/* Of a text and the same with one word changed, at every word in turn. */
static void near_texts_meet_under_a_key(void **state)
{
    static const struct {
        const char *why, *text;
        uint32_t most_missed; /* of the texts with one word changed */
        uint32_t most_far; /* of them beyond the 8 bits that the duplicate window allows */
    } cases[] = {
        {"a long text", REVIEW, 0, 0},
        {"25 words in Spanish",
         "Se me murió a los tres días con la pantalla en negro, ni siquiera carga y en la tienda "
         "me dicen que espere seis semanas más", 1, 2},
        {"12 words in French: some are too different",
         "La livraison était en retard et le carton était tout à fait écrasé", 1, 12},
    };
    (void)state;
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct tokens tokens = tokens_of(cases[i].text, &arena);
        struct similar keys = similar_of(&tokens);
        uint32_t met = 0, far = 0;
        for (uint32_t at = 0; at < tokens.count; at++) {
            uint64_t word = tokens.items[at].hash;
            bool meets = false;
            tokens.items[at].hash = word * 31 + 7;
            struct similar others = similar_of(&tokens);
            for (int band = 0; band < SIMILAR_BANDS; band++)
                meets |= keys.bands[band] == others.bands[band];
            uint32_t bits = (uint32_t)__builtin_popcountll(keys.similar ^ others.similar);
            met += meets;
            far += bits > 8;
            tokens.items[at].hash = word;
        }
        print_message("    %u of %u meet, %u are far\n", met, tokens.count, far);
        assert_in_range(met, tokens.count - cases[i].most_missed, tokens.count);
        assert_in_range(far, 0, cases[i].most_far);
    }
    arena_deinit(&arena);
}

static void texts_without_pairs_have_no_key(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct tokens none = {0}, one = tokens_of("word", &arena);
    for (int band = 0; band < SIMILAR_BANDS; band++) {
        assert_int_equal(similar_of(&none).bands[band], 0);
        assert_int_equal(similar_of(&one).bands[band], 0);
    }
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_hashes_tell_same_texts),
        cmocka_unit_test(two_orders_of_two_words_differ),
        cmocka_unit_test(simhash_is_the_majority_of_all_words),
        cmocka_unit_test(near_texts_differ_in_few_bits),
        cmocka_unit_test(near_texts_meet_under_a_key),
        cmocka_unit_test(texts_without_pairs_have_no_key),
        cmocka_unit_test(long_texts_don_t_overflow_the_votes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
