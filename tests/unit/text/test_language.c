/* Languages of sentences written for it, whole and in pieces, and what is no language at all. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "text/language.h"
#include "text/language/grams.h"
#include "text/language/model.h"

static const struct {
    const char *why, *text, *code;
    float least, most; /* bounds of the confidence */
} cases[] = {
    {"English", "The delivery was late and nobody answered my emails.", "en", 0.9f, 1},
    {"Spanish", "El pedido llegó tarde y nadie contestó a mis correos.", "es", 0.9f, 1},
    {"French", "La commande est arrivée en retard et personne n'a répondu.", "fr", 0.9f, 1},
    {"Portuguese", "A encomenda chegou atrasada e ninguém respondeu aos meus e-mails.", "pt", 0.9f,
     1},
    {"Italian", "L'ordine è arrivato in ritardo e nessuno ha risposto alle mie mail.", "it", 0.9f,
     1},
    {"German", "Die Bestellung kam zu spät und niemand hat auf meine Mails geantwortet.", "de",
     0.9f, 1},
    {"Dutch", "De bestelling kwam te laat en niemand heeft op mijn mails geantwoord.", "nl", 0.9f,
     1},
    {"Catalan", "La comanda va arribar tard i ningú no ha contestat els meus correus.", "ca", 0.9f,
     1},
    {"without accents", "el telefono no funciona despues de la actualizacion", "es", 0.8f, 1},
    {"capitals", "LE PRODUIT EST ARRIVÉ CASSÉ, JE SUIS TRÈS DÉÇU", "fr", 0.9f, 1},
    {"short English", "works great", "en", 0.6f, 1},
    {"short Spanish", "muy buena calidad", "es", 0.6f, 1},
    {"short French", "très bon produit", "fr", 0.6f, 1},
    {"handles and addresses are passed over",
     "@thedeliverypeople https://www.the.example/with/this merci beaucoup", "fr", 0.6f, 1},
    {"an address in the middle of a word",
     "see(https://exemple.fr/une/page/avec/des/mots) this was not what I ordered", "en", 0.8f, 1},
    {"Swedish is none of ours", "Leveransen var försenad och ingen svarade på mina mejl.", "und",
     0.8f, 1},
    {"Czech is none of ours", "Zásilka přišla pozdě a nikdo neodpověděl na moje zprávy.", "und",
     0.8f, 1},
    {"Finnish is none of ours", "Toimitus oli myöhässä eikä kukaan vastannut viesteihini.", "und",
     0.8f, 1},
    {"Polish", "Przesyłka przyszła za późno i nikt nie odpowiedział na moje maile.", "pl", 0.8f, 1},
    {"Russian", "Доставка опоздала, и никто не ответил на мои письма. Это был ужас", "ru", 0.8f, 1},
    {"Ukrainian", "Доставка запізнилася, і ніхто не відповів на мої листи.", "uk", 0.8f, 1},
    {"Cyrillic without telling letters", "Поръчката закъсня", "und", 0.5f, 1},
    {"Greek", "Η παράδοση άργησε και κανείς δεν απάντησε.", "el", 0.9f, 1},
    {"Arabic", "تأخر التسليم ولم يرد أحد على رسائلي", "ar", 0.5f, 0.9f},
    {"Persian", "سفارش دیر رسید و هیچ کس پاسخ نداد", "fa", 0.8f, 1},
    {"Hebrew", "המשלוח איחר ואף אחד לא ענה", "he", 0.9f, 1},
    {"Japanese", "配達が遅れて、誰も返事をくれませんでした。", "ja", 0.9f, 1},
    {"Chinese", "送货太晚了，没有人回复我的邮件。", "zh", 0.8f, 1},
    {"Korean", "배송이 늦었고 아무도 답장하지 않았어요.", "ko", 0.9f, 1},
    {"Thai", "การจัดส่งล่าช้าและไม่มีใครตอบ", "th", 0.9f, 1},
    {"other scripts with a Latin name in it",
     "Мой iPhone сломался, и это очень плохо. Мы ждём ответы", "ru", 0.6f, 1},
    {"Norwegian is none of ours", "Veldig bra produkt, anbefales på det varmeste", "und", 0.8f, 1},
    {"Basque is none of ours", "Produktua oso ona da eta azkar iritsi zen", "und", 0.8f, 1},
    {"two languages, and not sure of either",
     "The box arrived late and it was broken, pero la tienda me devolvió el dinero enseguida.",
     "es", 0.3f, 0.85f},
    {"a finding short as people write", "me dio urticaria", "es", 0.6f, 1},
    {"of two that it may be, the one that we read", "todo mal", "es", 0.4f, 0.8f},
    {"but not where it is told", "muito bom", "pt", 0.9f, 1},
    {"nor in Catalan", "tot bé", "ca", 0.9f, 1},
    {"a word that many languages have is none", "ok", "und", 0, 0.4f},
    {"nothing", "", "und", 0, 0},
    {"an emoji", "👍👍", "und", 0, 0},
    {"numbers", "12345 / 10.99 €", "und", 0, 0},
    {"spaces", " \n\t ", "und", 0, 0},
    {"only a handle", "@someone", "und", 0, 0},
};

static bool right(const struct language_guess *guess, size_t i)
{
    return strcmp(guess->code, cases[i].code) == 0 && guess->confidence >= cases[i].least &&
           guess->confidence <= cases[i].most;
}

static void tells_languages(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct language_guess guess;
        language_detect(str_of(cases[i].text), &guess);
        if (right(&guess, i)) continue;
        wrong++;
        print_message("  - %s: %s %.2f\n", cases[i].why, guess.code, (double)guess.confidence);
    }
    assert_int_equal(wrong, 0);
}

/* Whatever the text is cut to: a code, a probability, and no byte beyond the end is read (ASan). */
static void survives_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = str_of(cases[i].text);
        for (size_t size = 0; size <= text.size; size++) {
            char *exact = test_malloc(size + 1);
            struct language_guess guess;
            memcpy(exact, text.data, size);
            language_detect(str_make(exact, size), &guess);
            test_free(exact);
            assert_in_range(strlen(guess.code), 2, 3);
            assert_true(guess.confidence >= 0 && guess.confidence <= 1);
        }
    }
}

static void long_texts_are_told_too(void **state)
{
    (void)state;
    static char text[200000];
    struct language_guess guess;
    for (size_t size = 0; size + 64 < sizeof text;)
        size += (size_t)sprintf(text + size, "%s ", "Het werkt niet en de batterij is leeg.");
    language_detect(str_of(text), &guess);
    assert_string_equal(guess.code, "nl");
    assert_true(guess.confidence > 0.95f);
}

/* Below 0.8 the safety screen asks the lists of all languages. */
static void another_language_within_is_noticed(void **state)
{
    (void)state;
    static const char text[] =
        "The blender arrived on Monday in a box that was a little damp, but everything inside was "
        "fine and it was easy to set up. Mi hija se puso muy enferma despues de probarlo y la "
        "llevamos al hospital esa misma noche. It makes smoothies in half a minute, cleans up "
        "quickly under the tap, and the jug fits in the door of our fridge, which the old one "
        "never did. We use it every morning.";
    struct language_guess guess;
    language_detect(str_of(text), &guess);
    assert_string_equal(guess.code, "en");
    assert_true(guess.confidence < 0.8f);
}

static void the_model_is_whole(void **state)
{
    (void)state;
    const struct language_header *header = (const void *)language_model_bytes();
    struct str whole = str_make(language_model_bytes(), language_model_size);
    assert_int_equal(language_model_size, sizeof *header + LANGUAGE_ROWS * LANGUAGE_LANES);
    assert_memory_equal(header->magic, LANGUAGE_MAGIC, sizeof header->magic);
    assert_int_equal(header->checksum, hash_fast(str_slice(whole, 16, whole.size), 0));
    assert_int_equal(header->rows, LANGUAGE_ROWS);
    assert_int_equal(header->lanes, LANGUAGE_LANES);
    const int8_t *weights = (const int8_t *)(language_model_bytes() + sizeof *header);
    for (size_t i = 0; i < (size_t)LANGUAGE_ROWS * LANGUAGE_LANES; i++)
        assert_true(weights[i] >= -LANGUAGE_WEIGHT_MAX && weights[i] <= LANGUAGE_WEIGHT_MAX);
}

/* --- a model from a file ---------------------------------------------------------------------- */

enum {
    CHECKSUM_AT = 8, SUMMED_FROM = 16, LANES_AT = 20, FIRST_CODE_AT = 24,
    SCALE_AT = FIRST_CODE_AT + 4 * LANGUAGE_LANES
};

static const struct {
    const char *why, *fault; /* NULL: it is opened */
    size_t at;
    uint8_t byte;
    bool sum, cut;
} files[] = {
    {"the one that ships", NULL, 0, 'V', false, false},
    {"another magic", "not a language model", 0, 'X', true, false},
    {"a byte changed on the way", "checksum", SCALE_AT + 40, 1, false, false},
    {"cut short", "size", 0, 'V', false, true},
    {"another number of lanes", "another version", LANES_AT, 8, true, false},
    {"a code with a capital", "out of range", FIRST_CODE_AT, 'E', true, false},
    {"a code of four letters", "out of range", FIRST_CODE_AT + 3, 'x', true, false},
    {"a scale that is no number", "out of range", SCALE_AT + 3, 0xFF, true, false},
    {"a weight that overflows", "out of range", sizeof(struct language_header) + 5, 43, true,
     false},
};

static int open_changed(size_t index, struct language_table **ret_table, struct err *err)
{
    char path[] = "/tmp/verbatim-language-XXXXXX";
    size_t size = language_model_size - files[index].cut;
    char *bytes = test_malloc(language_model_size);
    memcpy(bytes, language_model_bytes(), language_model_size);
    bytes[files[index].at] = (char)files[index].byte;
    if (files[index].fault && files[index].at == SCALE_AT + 3) bytes[SCALE_AT + 2] = (char)0x80;
    uint64_t checksum = hash_fast(str_make(bytes + SUMMED_FROM, language_model_size - SUMMED_FROM),
                                  0);
    if (files[index].sum) memcpy(bytes + CHECKSUM_AT, &checksum, sizeof checksum);
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
    int rc = language_open(path, ret_table, err);
    unlink(path);
    test_free(bytes);
    return rc;
}

static void files_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct language_table *table = NULL;
        struct language_guess guess;
        struct err err;
        print_message("  - %s\n", files[i].why);
        int rc = open_changed(i, &table, &err);
        assert_int_equal(rc, files[i].fault ? E_BAD_MODEL : E_OK);
        if (files[i].fault) {
            assert_non_null(strstr(err.text, files[i].fault));
            assert_null(table);
            continue;
        }
        language_detect_by(table, STR("El pedido llegó tarde y nadie contestó."), &guess);
        assert_string_equal(guess.code, "es");
        language_close(table);
    }
    struct language_table *none = NULL;
    struct err err;
    assert_int_equal(language_open("/nowhere/language.model", &none, &err), E_NO_INPUT);
    language_close(none);
}

/* Letters are taken 16 at a time where that can be: the same as one by one, for all lengths, and
 * wherever blanks, marks and addresses fall. */
static void letters_are_as_if_taken_one_by_one(void **state)
{
    static const char some[] = "abcXYZz  ,.!09'[`{~\x7f\t:@\xc3\x89\xe2\x80\x99";
    (void)state;
    for (uint32_t seed = 0; seed < 4000; seed++) {
        char text[LANGUAGE_WHOLE_BYTES];
        uint8_t expected[LANGUAGE_LETTER_BYTES] = {' '};
        size_t size = hash_fast(str_make((const char *)&seed, sizeof seed), 1) % sizeof text,
               expected_size = 1;
        /* without what has a meaning of its own, mostly */
        size_t kinds = seed % 4 ? sizeof some - 9 : sizeof some - 1;
        for (size_t i = 0; i < size; i++) {
            uint64_t random = hash_fast(str_make((const char *)&seed, sizeof seed), i + 2);
            text[i] = random % 16 < 12 ? (char)('a' + random / 16 % 26) : some[random / 16 % kinds];
        }
        struct language_letters whole;
        language_letters(str_make(text, size), &whole);
        assert_in_range(whole.size, 1, LANGUAGE_LETTER_BYTES - 8);
        for (uint32_t i = 1; i < whole.size; i++)
            assert_false(whole.bytes[i] == ' ' && whole.bytes[i - 1] == ' ');
        if (kinds == sizeof some - 1) continue;
        for (size_t i = 0; i <= size; i++) {
            char c = i < size ? text[i] : ' ';
            bool letter = (uint8_t)((c | 0x20) - 'a') < 26;
            uint8_t byte = letter ? (uint8_t)(c | 0x20) : ' ';
            expected[expected_size] = byte;
            expected_size += letter || expected[expected_size - 1] != ' ';
        }
        assert_int_equal(whole.size, expected_size);
        assert_memory_equal(whole.bytes, expected, expected_size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_languages),
        cmocka_unit_test(survives_every_cut),
        cmocka_unit_test(long_texts_are_told_too),
        cmocka_unit_test(another_language_within_is_noticed),
        cmocka_unit_test(the_model_is_whole),
        cmocka_unit_test(files_are_checked),
        cmocka_unit_test(letters_are_as_if_taken_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
