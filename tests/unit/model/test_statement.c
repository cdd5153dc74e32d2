/* Needs in few words: which must meet, and which must not. */
#include "model/insight/statement.h"

#include "test.h"

static struct str state_need(struct arena *arena, const char *clause, enum insight_need_kind kind)
{
    struct tokens tokens;
    struct err err;
    struct str text = str_of(clause);
    assert_int_equal(text_tokenize(text, arena, &tokens, &err), E_OK);
    struct str statement = statement_make(text, &tokens, 0, tokens.count, kind, arena);
    assert_in_range(statement.size, 1, STATEMENT_BYTES);
    assert_true(str_is_utf8(statement));
    return statement;
}

static const struct {
    const char *why, *clause, *statement;
    enum insight_need_kind kind;
} statements[] = {
    {"a plea", "Please add a dark mode!", "dark mode", INSIGHT_FEATURE_REQUEST},
    {"accents stay, in lower case", "A\xc3\x91" "ADID \xc3\x8dNDICE, por favor",
     "\xc3\xadndice", INSIGHT_FEATURE_REQUEST},
    {"an elision goes", "Ce serait bien d\xe2\x80\x99" "avoir l'export en PDF", "export en pdf",
     INSIGHT_FEATURE_REQUEST},
    {"an elision before what is needed goes, whatever its mark",
     "L\xe2\x80\x99\xc3\xa9" "cran reste noir", "\xc3\xa9" "cran reste noir",
     INSIGHT_PROBLEM_REPORT},
    {"two elisions", "D\xe2\x80\x99l'export", "export", INSIGHT_FEATURE_REQUEST},
    {"white space and marks", "I wish it had\n\t a  timer, really...", "timer really",
     INSIGHT_FEATURE_REQUEST},
    {"all of it is an opener: the last word stays", "Please add it", "it",
     INSIGHT_FEATURE_REQUEST},
    {"a problem keeps what is lacking", "There is no hot water.", "there is no hot water",
     INSIGHT_PROBLEM_REPORT},
    {"a question", "Could you tell me when it is back in stock?", "when it is back in stock",
     INSIGHT_QUESTION},
    {"what the wish is put in goes", "Would be great if you offered late checkout",
     "late checkout", INSIGHT_FEATURE_REQUEST},
    {"a placeholder is no word of the writer's",
     "[PERSON] never called me back, nor [NATIONAL_ID] me",
     "[PERSON] never called me back nor [NATIONAL_ID] me", INSIGHT_PROBLEM_REPORT},
    {"other brackets are the writer's", "The app [BETA crashes (AGAIN)",
     "beta crashes again", INSIGHT_PROBLEM_REPORT},
    {"nor is a long one a placeholder",
     "[AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA]",
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     INSIGHT_PROBLEM_REPORT},
    {"a number stays whole", "The 7.42 never came.", "7.42 never came", INSIGHT_PROBLEM_REPORT},
    {"how long it took goes", "Kettle leaking again after 12 days", "kettle leaking again",
     INSIGHT_PROBLEM_REPORT},
    {"in words", "La app se cierra desde hace dos semanas", "se cierra",
     INSIGHT_PROBLEM_REPORT},
    {"in a wish it is what is wished", "Please remind me after 10 minutes",
     "remind me after 10 minutes", INSIGHT_FEATURE_REQUEST},
    {"an order's number goes", "Order 57 never arrived", "order never arrived",
     INSIGHT_PROBLEM_REPORT},
    {"and the order at the end", "Water leaks out of the kettle, order 57",
     "water leaks out of the kettle", INSIGHT_PROBLEM_REPORT},
    {"with its mark", "Mi pedido n\xc2\xba 4412 no ha llegado", "mi pedido no ha llegado",
     INSIGHT_PROBLEM_REPORT},
    {"in French", "Ma commande n\xc2\xb0 9981 n'est jamais arriv\xc3\xa9" "e",
     "ma commande n'est jamais arriv\xc3\xa9" "e", INSIGHT_PROBLEM_REPORT},
    {"so does a long one, and one with a sign", "The parcel 1234567 never came (#88)",
     "parcel never came", INSIGHT_PROBLEM_REPORT},
    {"an error's stays", "SSO fails with error 403", "sso fails with error 403",
     INSIGHT_PROBLEM_REPORT},
    {"and one that is all there is", "123456", "123456", INSIGHT_PROBLEM_REPORT},
    {"an id goes whole", "Order B-77120 never turned up", "order never turned up",
     INSIGHT_PROBLEM_REPORT},
    {"in Spanish", "La factura F-20931 est\xc3\xa1 mal", "factura est\xc3\xa1 mal",
     INSIGHT_PROBLEM_REPORT},
    {"in French", "Ma commande CM-77120 n'est jamais arriv\xc3\xa9" "e",
     "ma commande n'est jamais arriv\xc3\xa9" "e", INSIGHT_PROBLEM_REPORT},
    {"a model's name stays", "The CM-3 kettle leaks", "cm-3 kettle leaks",
     INSIGHT_PROBLEM_REPORT},
    {"an amount keeps its sign", "You charged \xc2\xa3" "38.50 instead of $9 again",
     "you charged \xc2\xa3" "38.50 instead of $9 again", INSIGHT_PROBLEM_REPORT},
    {"no number of an invoice", "On m'a facturé 38,50 € deux fois",
     "on m'a facturé 38,50 € deux fois", INSIGHT_PROBLEM_REPORT},
    {"behind it too", "Me cobraron 72,30 \xe2\x82\xac y no el 20%",
     "me cobraron 72,30 \xe2\x82\xac y no el 20%", INSIGHT_PROBLEM_REPORT},
    {"a large one is no id", "Me cobraron $12000 dos veces", "me cobraron $12000 dos veces",
     INSIGHT_PROBLEM_REPORT},
    {"marks within words stay", "The wi-fi rejects exp 04/28 and 7.42 on/off",
     "wi-fi rejects exp 04/28 and 7.42 on/off", INSIGHT_PROBLEM_REPORT},
    {"whose app it is stays", "La app del banco no abre", "app del banco no abre",
     INSIGHT_PROBLEM_REPORT},
    {"in English", "The app of my bank never loads", "app of my bank never loads",
     INSIGHT_PROBLEM_REPORT},
    {"in French", "L'application de la banque plante", "application de la banque plante",
     INSIGHT_PROBLEM_REPORT},
    {"who is asked for stays", "\xc2\xbf" "A qui\xc3\xa9n llamo?", "a qui\xc3\xa9n llamo",
     INSIGHT_QUESTION},
    {"in French", "\xc3\x80 qui dois-je parler ?", "\xc3\xa0 qui dois-je parler",
     INSIGHT_QUESTION},
    {"an article goes", "A button fell off", "button fell off", INSIGHT_PROBLEM_REPORT},
    {"no end in what leads on",
     "La bater\xc3\xad" "a del patinete se descarga en menos de veinte minutos aunque ponga "
     "cuarenta",
     "bater\xc3\xad" "a del patinete se descarga en menos de veinte minutos",
     INSIGHT_PROBLEM_REPORT},
    {"nor in a thought just begun",
     "On 11 october i fell down in the kitchen and my neighbour Annabelle-Charlotte rang for help",
     "on 11 october i fell down in the kitchen", INSIGHT_PROBLEM_REPORT},
    {"how good it would be says nothing", "It would be lovely to have a vegetarian main.",
     "vegetarian main", INSIGHT_FEATURE_REQUEST},
    {"nor behind the wish", "Trier par date serait un vrai plus.", "trier par date",
     INSIGHT_FEATURE_REQUEST},
    {"since when says nothing, in front", "Since the last update, the map stays blank",
     "map stays blank", INSIGHT_PROBLEM_REPORT},
    {"nor behind", "La connexion ne marche plus depuis la mise \xc3\xa0 jour",
     "connexion ne marche plus", INSIGHT_PROBLEM_REPORT},
    {"nor how often", "It keeps logging me out every single day", "keeps logging me out",
     INSIGHT_PROBLEM_REPORT},
    {"nor who it happens to", "I am unable to pair the watch", "unable to pair the watch",
     INSIGHT_PROBLEM_REPORT},
    {"what has no room begins no thought of its own",
     "My new watch doesn't show the right pulse in the gym and it doesn't count my steps either",
     "my new watch doesn't show the right pulse in the gym", INSIGHT_PROBLEM_REPORT},
    {"what turns it may be what is needed",
     "My new watch does show the right pulse in the gym but it doesn't count my steps either",
     "my new watch does show the right pulse in the gym but it doesn't count my steps",
     INSIGHT_PROBLEM_REPORT},
    {"nor is a clause begun", "The resting heart rate of mine is not what it was before, "
     "which I have only noticed today", "resting heart rate of mine is not what it was before",
     INSIGHT_PROBLEM_REPORT},
    {"nor ends it in a word that leads on",
     "The device doesn't connect with any telephone that anybody brought along to the office",
     "device doesn't connect with any telephone that anybody brought along",
     INSIGHT_PROBLEM_REPORT},
    {"cut at a word",
     "Please add aaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
     "ccccccccccccccccccccc ddddd",
     "aaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccc",
     INSIGHT_FEATURE_REQUEST},
};

static void test_what_it_says(void **state)
{
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        CASE(statements[i].why);
        struct str statement = state_need(&arena, statements[i].clause, statements[i].kind);
        if (!str_equal(statement, str_of(statements[i].statement)))
            fail_msg("\"%.*s\"", STR_ARGS(statement));
    }
    arena_deinit(&arena);
}

static void test_pairs(void **state)
{
    static const struct {
        const char *left, *right;
        bool meet;
    } cases[] = {
        {"Please add dark mode", "It would be nice if you could add a dark mode.", true},
        {"I wish there was a dark mode", "Dark mode please", true},
        {"would love to have offline maps", "I'd like to see offline maps, thanks", true},
        {"You should add an export to Excel.", "the only thing missing is export to excel", true},
        {"A widget would be nice", "please implement a widget in the app", true},
        {"A\xc3\xb1" "adid un modo oscuro, por favor", "Estar\xc3\xad" "a bien tener modo oscuro",
         true},
        {"Me gustar\xc3\xad" "a que hubiera un modo oscuro",
         "\xc2\xbfPodr\xc3\xad" "an a\xc3\xb1" "adir modo oscuro?", true},
        {"Falta exportar a PDF", "Ojal\xc3\xa1 se pudiera exportar a PDF", true},
        {"Il manque un mode sombre", "Ajoutez le mode sombre s'il vous pla\xc3\xaet", true},
        {"J\xe2\x80\x99" "aimerais pouvoir exporter les donn\xc3\xa9" "es",
         "Ce serait bien d'exporter les donn\xc3\xa9" "es", true},
        {"Merci d'ajouter le mode sombre", "il faudrait un mode sombre", true},
        {"Please add dark mode", "Please remove dark mode", false},
        {"Please add dark mode", "Please add a light mode", false},
        {"please add dark mode", "please don't add dark mode", false},
        {"I wish it worked with Strava", "I wish it worked without Strava", false},
        {"A\xc3\xb1" "adid modo oscuro", "Quitad el modo oscuro", false},
        {"Ajoutez le mode sombre", "Enlevez le mode sombre", false},
        {"export to PDF", "export to Excel", false},
    };
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str left = state_need(&arena, cases[i].left, INSIGHT_FEATURE_REQUEST);
        struct str right = state_need(&arena, cases[i].right, INSIGHT_FEATURE_REQUEST);
        if (str_equal(left, right) != cases[i].meet)
            fail_msg("\"%.*s\" and \"%.*s\"", STR_ARGS(left), STR_ARGS(right));
    }
    arena_deinit(&arena);
}

static void test_problems_meet(void **state)
{
    struct arena arena = {0};
    (void)state;
    struct str one = state_need(&arena, "The app crashes when I open the map.",
                                INSIGHT_PROBLEM_REPORT);
    struct str other = state_need(&arena, "Hi, it crashes when I open the map",
                                  INSIGHT_PROBLEM_REPORT);
    struct str spanish = state_need(&arena, "La app se cierra al abrir el mapa",
                                    INSIGHT_PROBLEM_REPORT);
    struct str too = state_need(&arena, "Hola, se cierra al abrir el mapa", INSIGHT_PROBLEM_REPORT);
    assert_true(str_equal(one, other));
    assert_true(str_equal(spanish, too));
    arena_deinit(&arena);
}

/* A word longer than all there is room for is cut at a whole character. */
static void test_one_endless_word(void **state)
{
    char clause[2 * STATEMENT_BYTES + 2] = "x";
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < STATEMENT_BYTES; i++) memcpy(clause + 1 + 2 * i, "\xc3\xa9", 3);
    assert_int_equal(state_need(&arena, clause, INSIGHT_QUESTION).size, STATEMENT_BYTES - 1);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_problems_meet),
        cmocka_unit_test(test_one_endless_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
