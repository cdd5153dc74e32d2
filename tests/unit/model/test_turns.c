/* The customer's words of a call, and texts that only look like one. */
#include "model/insight/turns.h"

#include "base/buffer.h"
#include "must.h"

/* Folded words; "|" where a sentence begins behind another. NULL: all of the text. */
static const struct {
    const char *text, *own;
} cases[] = {
    {"Agent: Hello, how can I help?\nCustomer: It broke.\nAgent: Sorry.\nCustomer: Twice!",
     "it broke|twice"},
    {"Agent: How can I help? Customer: It broke. Agent: Sorry. Customer: Twice!", "it broke|twice"},
    {"[10:32] Agent Lucy: Hello\n[10:33] Customer: It broke\n[10:34] Agent Lucy: Sorry",
     "it broke"},
    {"Agent 2 (10:32): Hello\nCustomer (10:33): It broke\nAgent 2 (10:34): Sorry", "it broke"},
    {"**Support agent:** Hello\n**Guest:** Cold room\n**Support agent:** Sorry", "cold room"},
    {"Conseill\u00E8re\u00A0: Bonjour ?\nCliente\u00A0: Rien re\u00E7u.\n"
     "Conseill\u00E8re\u00A0: Ah.\nCliente\u00A0: Rien.", "rien recu|rien"},
    {"Service client : Bonjour\nClient : En panne\nService client : Ah", "en panne"},
    {"Operadora: \u00BFD\u00EDgame?\nYo: No llega.\nOperadora: Espere.\nYo: Ya.", "no llega|ya"},
    {"Q: What was good?\nA: The food.\nQ: And bad?\nA: The wait.", "the food|the wait"},
    /* who says yes says what was asked */
    {"Agent: Hello. So the boiler leaked?\nCustomer: Yes.\nAgent: No hot water?\nCustomer: That's "
     "right.\nAgent: Since when?\nCustomer: Monday",
     "so the boiler leaked|no hot water|monday"},
    {"Conseiller : Bonjour. La box ne marche plus ?\nCliente : Voil\u00E0.\nConseiller : Ah.\n"
     "Cliente : Non.",
     "la box ne marche plus|non"},
    /* one side of any name */
    {"Taller: D\u00EDgame.\nClienta: Se sali\u00F3.\nTaller: \u00BFEst\u00E1 bien?\n"
     "Clienta: S\u00ED.",
     "se salio|si"},
    {"Agent: Yes?\n[PERSON]: No heat\nAgent: Since when?\n[PERSON]: Monday", "no heat|monday"},
    /* what stands before belongs to the customer, and a list within a turn as well */
    {"They did not help.\nAgent: Yes?\nCustomer: No heat\nAgent: Bye", "they did not help|no heat"},
    {"Agent: Yes?\nCustomer: Two things: heat\nNoise: loud\nAgent: Bye",
     "two things heat|noise loud"},
    /* no transcripts */
    {"Service: good. Food: cold. Price: high.", NULL},
    {"Customer: J. Smith\nAgent: Mary\nIssue: the screen broke\nSince: May", NULL},
    {"Service: Emergency\nPatient: f\nE-mail: none\nReport: fever\nE-mail: none", NULL},
    {"Pros: light. Cons: loud. Pros: cheap. Cons: weak.", NULL},
    {"Just a question: why? One question: when? A question: who?", NULL},
    {"Agent: a\nAgent: b\nAgent: c", NULL},
    {"See https://a.example and https://b.example, https://c.example", NULL},
    {"It came at 10:30, 11:40 and 12:50.", NULL},
    {"No colon at all", NULL},
    {"", NULL},
};

static void join(const struct tokens *tokens, struct buffer *joined)
{
    for (uint32_t i = 0; i < tokens->count; i++) {
        if (i) buffer_add_char(joined, tokens->items[i].sentence_before ? '|' : ' ');
        buffer_add(joined, tokens->items[i].folded);
    }
}

static void customers_words_are_told_from_agents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct buffer joined = {0};
        struct tokens tokens, own;
        struct err err;
        struct str text = str_of(cases[i].text);
        print_message("%s\n", cases[i].text);
        must(text_tokenize(text, &arena, &tokens, &err), &err);
        must(turns_own(text, &tokens, &arena, &own, &err), &err);
        if (!cases[i].own) assert_true(own.items == tokens.items && own.count == tokens.count);
        join(&own, &joined);
        buffer_add_char(&joined, 0);
        if (cases[i].own) assert_string_equal(joined.data, cases[i].own);
        buffer_deinit(&joined);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(customers_words_are_told_from_agents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
