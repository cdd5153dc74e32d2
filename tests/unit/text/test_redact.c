/* Personal data known by its form, check digits or the words before it: what goes, and what looks
 * like it and stays. All numbers are made up or the documentation's own examples. */
#include "growth.h"

#include "text/redact.h"

static const struct redact_case {
    const char *why, *language, *text, *expected; /* expected NULL: nothing is changed */
} cases[] = {
    /* e-mail */
    {"plain", "en", "Write to john.doe@mail.example.com.", "Write to [EMAIL]."},
    {"plus, underscore, digits", "en", "a_b+c99@x-y.co.uk!", "[EMAIL]!"},
    {"accented", "fr", "josé.núñez@correo.es ou né@né.fr", "[EMAIL] ou [EMAIL]"},
    {"blanks around the sign", "es", "ana.lopez @ gmail.com", "[EMAIL]"},
    {"in brackets and quotes", "en", "<\"jo@ex.org\">", "<\"[EMAIL]\">"},
    {"at and dot as words", "en", "jane at gmail dot com, please", "[EMAIL], please"},
    {"at and dot in brackets", "en", "jane (at) corp [dot] org", "[EMAIL]"},
    {"at and dot in braces", "en", "It's tobias.lund {at} posteo {dot} de", "It's [EMAIL]"},
    {"a letter in brackets", "en", "john(a)gmail.com or jane{a}mail.example", "[EMAIL] or [EMAIL]"},
    {"the sign in brackets", "en", "john [@] mail.example", "[EMAIL]"},
    {"a footnote's letter", "en", "see section 4(a) of the terms. It says (a) nothing", NULL},
    {"arroba punto", "es", "escríbeme a ana arroba correo punto es", "escríbeme a [EMAIL]"},
    {"name with a spelled dot", "es", "juan punto perez arroba gmail punto com", "[EMAIL]"},
    {"arobase", "fr", "mon mail: anne.dupont arobase free.fr.", "mon mail: [EMAIL]."},
    {"a shop's site is no address", "en", "I shop at amazon.com every week", NULL},
    {"nor is a provider's", "fr", "Je suis client chez orange.fr depuis 2 ans", NULL},
    {"a handle is no e-mail", "en", "thanks @acme_help for nothing", NULL},
    {"a price per piece", "en", "3 @ 5.99 each", NULL},
    {"blanks before a signature, and nothing", "es", "    Anna.", NULL},
    {"a part's version", "en", "Version E-12.345.678 of the part", NULL},
    {"a year that sticks to its word", "en", "I am a user since2019 and like it", NULL},
    {"a foreign word whose hash isn't a name's", "en", "Thanks to Eliminating and the team.", NULL},
    {"a firm's own mailbox may be one man's", "en", "I wrote to info@acme.example", "I wrote to [EMAIL]"},
    /* phones */
    {"international", "en", "+1-408-555-1234 or +44 20 7946 0018", "[PHONE] or [PHONE]"},
    {"international by 00", "fr", "0033612345678 ou 00 33 6 12 34 56 78", "[PHONE] ou [PHONE]"},
    {"trunk zero in parentheses", "en", "+46 (0)157 548 89 is ours", "[PHONE] is ours"},
    {"US forms", "en", "(555) 234-5678, 555-234-5678, 555.234.5678", "[PHONE], [PHONE], [PHONE]"},
    {"parenthesis around it all stays", "en", "our shop (555-234-5678) is shut",
     "our shop ([PHONE]) is shut"},
    {"an extension", "en", "(898)666-3621x0135 and 555-234-5678 ext. 12", "[PHONE] and [PHONE]"},
    {"UK", "en", "07700 900123, 020 7946 0018, 01632 960 123", "[PHONE], [PHONE], [PHONE]"},
    {"Spain", "es", "llámame al 612 345 678 o al 912345678", "llámame al [PHONE] o al [PHONE]"},
    {"Mexico", "es", "tel. 55 1234 5678; WhatsApp +52 1 55 1234 5678",
     "tel. [PHONE]; WhatsApp [PHONE]"},
    {"France", "fr", "06 12 34 56 78, 06.12.34.56.78 ou 0612345678", "[PHONE], [PHONE] ou [PHONE]"},
    {"Belgium", "fr", "gsm 0475/12.34.56, fixe 02 123 45 67", "gsm [PHONE], fixe [PHONE]"},
    {"any grouping behind a cue", "en", "you can call me on 358 0594",
     "you can call me on [PHONE]"},
    {"an order number", "en", "Order 4012345678 came late", NULL},
    {"pedido", "es", "el pedido 612345678 no llega", NULL},
    {"commande", "fr", "commande 0612345 toujours pas là", NULL},
    {"a ticket with its sign", "en", "see #5552345678", NULL},
    {"a price", "en", "it cost $1,234,567.89 or 600.000.000 pesos", NULL},
    {"a date", "en", "bought on 03/12/2019, again 2020-01-02", NULL},
    {"ISBN", "en", "ISBN 978-3-16-148410-0", NULL},
    {"tracking", "en", "Tracking 1Z999AA10123456784, 9400111899223197428490", NULL},
    {"ratings, models, sizes", "en", "10/10, iPhone 12, SM-G973F, 1920x1080, 5000mAh, 16:9, 24/7",
     NULL},
    {"years and counts", "en", "between 2019 2020 2021 we sold 100 200 300", NULL},
    /* cards */
    {"Luhn and issuer", "en", "4539 1488 0343 6467 and 4111111111111111", "[CARD] and [CARD]"},
    {"Amex", "en", "3782-822463-10005", "[CARD]"},
    {"Luhn fails, no cue", "en", "4539 1488 0343 6468 widgets", NULL},
    {"mistyped behind a cue", "en", "my card 4539 1488 0343 6468", "my card [CARD]"},
    {"Maestro wants a cue", "en", "card number 630427373398 is lost", "card number [CARD] is lost"},
    {"a number inside a link", "en", "https://shop.example/dp/4111111111111111", NULL},
    /* IBAN */
    {"mod 97, blanks", "en", "GB29 NWBK 6016 1331 9268 19 is it", "[IBAN] is it"},
    {"mod 97, one piece, any case", "fr", "fr1420041010050500013m02606", "[IBAN]"},
    {"mod 97 fails, no cue", "en", "GB28NWBK60161331926819", NULL},
    {"mistyped behind a cue", "en", "IBAN GB28NWBK60161331926819", "IBAN [IBAN]"},
    /* IP and links */
    {"IPv4, IPv6", "en", "from 192.168.1.20 or fe80::1ff:fe23:4567:890a", "from [IP] or [IP]"},
    {"a version", "en", "version 1.2.3.4, 256.1.1.1, at 12:30:45", NULL},
    {"a link with a token", "en", "see https://x.y/z?token=abc123.", "see [URL]."},
    {"a link with a password", "en", "ftp://bob:pw1@host/x", "[URL]"},
    {"a plain link stays", "en", "https://example.com/a?page=2&sort=up", NULL},
    /* national ids */
    {"DNI, NIE", "es", "DNI 12345678Z, 12.345.678-Z, NIE X1234567L",
     "DNI [NATIONAL_ID], [NATIONAL_ID], NIE [NATIONAL_ID]"},
    {"DNI letter is wrong, no cue", "es", "la pieza 12345678A no encaja", NULL},
    {"NIR with its key", "fr", "1 85 05 78 006 084 91", "[NATIONAL_ID]"},
    {"NIR of Corsica", "fr", "1 85 05 2A 006 084 35", "[NATIONAL_ID]"},
    {"NIR with a wrong key", "fr", "lot 1 85 05 78 006 084 92", NULL},
    {"SSN", "en", "his SSN is 521-44-9382", "his SSN is [NATIONAL_ID]"},
    {"no SSN has area 000, 666", "en", "part 000-12-3456, part 666-12-3456", NULL},
    {"NINO", "en", "AB 12 34 56 C or AB123456C", "[NATIONAL_ID] or [NATIONAL_ID]"},
    {"CURP, RFC", "es", "GOMC850312HDFRRS09, GOMC850312AB1", "[NATIONAL_ID], [NATIONAL_ID]"},
    {"Belgian number", "fr", "85.07.30-033.28", "[NATIONAL_ID]"},
    {"SIN with Luhn", "en", "SIN 046 454 286, 193-456-787", "SIN [NATIONAL_ID], [NATIONAL_ID]"},
    {"codice fiscale, Steuer-ID", "en", "RSSMRA85T10A562S; Steuer-ID 86095742719",
     "[NATIONAL_ID]; Steuer-ID [NATIONAL_ID]"},
    {"passport behind its word", "en", "passport XG9382049", "passport [NATIONAL_ID]"},
    {"PPS, with a second letter or none", "en", "PPSN 6433435 F, my PPS number is 1234567FA",
     "PPSN [NATIONAL_ID], my PPS number is [NATIONAL_ID]"},
    {"a model that looks like one", "en", "the 6433435F filter and part 1234567FA", NULL},
    {"Versicherungsnummer", "de", "Versicherungsnummer 65 170839 J 003",
     "Versicherungsnummer [NATIONAL_ID]"},
    {"NIF, cartão de cidadão", "pt", "contribuinte 213 456 788, cidadão 12345678 9 ZZ1",
     "contribuinte [NATIONAL_ID], cidadão [NATIONAL_ID]"},
    {"BSN in groups", "nl", "burgerservicenummer: 1112 22 333",
     "burgerservicenummer: [NATIONAL_ID]"},
    {"a label's number is a thing's", "en", "it says Label ID 8/10/20 WT081020", NULL},
    {"a maker's country before a date", "en", "made in P.R.C. 2016-01-05 NS001", NULL},
    {"a recall's number is no postal code", "en", "recalled under CAP 08-149", NULL},
    /* how names are written */
    {"initials before it", "en", "Best,\nT. R. Venkataraman", "Best,\n[PERSON]"},
    {"initials within a sentence", "en", "J. P. O'Halloran called me twice", "[PERSON] called me twice"},
    {"no name behind an initial", "fr", "T. Bien", NULL},
    {"joined as in Catalonia", "es", "Me atendió Montserrat Vila i Casals, muy amable",
     "Me atendió [PERSON], muy amable"},
    {"no \"i\" between other words", "en", "Anna i Love this phone", NULL},
    {"a small d'", "fr", "Bien cordialement,\nMarie-Ange d'Hérouville",
     "Bien cordialement,\n[PERSON]"},
    {"a department behind it", "fr", "Mme Van Hoorebeke du SAV ne rappelle jamais",
     "Mme [PERSON] du SAV ne rappelle jamais"},
    {"a particle behind what no list knows", "en", "Willemine ten Cate will be talking here",
     "[PERSON] will be talking here"},
    {"two syllables", "en", "Thanks Mei-ling, it works", "Thanks [PERSON], it works"},
    {"O' and a name that no list knows", "en", "O'Mulrooney told me to wait",
     "[PERSON] told me to wait"},
    {"L' is an article", "fr", "L'Oréal told me to wait", NULL},
    {"who speaks of himself", "en", "I'm Jide, I've been a member since 2019.",
     "I'm [PERSON], I've been a member since 2019."},
    {"all that the text says", "en", "Cheers, Dezza", "Cheers, [PERSON]"},
    {"at the head of a letter", "en", "Hi Tamsin,\nyour parcel is late",
     "Hi [PERSON],\nyour parcel is late"},
    {"nobody at its head", "en", "Hi Support,\nyour parcel is late", NULL},
    {"of a list, the middle", "en", "I live with Yulan, Frantz and Torbjørn",
     "I live with [PERSON], [PERSON] and [PERSON]"},
    {"to whom no list knows", "en", "change it from Anna Ruiz to Yulan Vehbija",
     "change it from [PERSON] to [PERSON]"},
    {"what is somebody's", "en", "What's Torrin Blackmoor's extension?",
     "What's [PERSON]'s extension?"},
    {"two particles", "en", "Rianne op den Kamp will be joining us",
     "[PERSON] will be joining us"},
    {"a verb that some are called", "en", "My daughter tore the little leaf off", NULL},
    {"firms", "en", "Almar Sales Co. made it, Liberty Imports sold it", NULL},
    {"a character", "en", "I bought the kids costume called Donny the Dino", NULL},
    {"a small title and a word", "en", "ms Best reading app by far", NULL},
    /* critics */
    {"one of whom something is said", "en", "Morton is, as usual, brilliant.", NULL},
    {"but not where the writer met him", "en", "Morton has my parcel", "[PERSON] has my parcel"},
    {"a name in quotes", "en", "\"Anna Barros\" is printed on the card",
     "\"[PERSON]\" is printed on the card"},
    {"what directors do", "en", "A few zingers aside, Jordan Brady's direction is prosaic.", NULL},
    {"an account of something is no customer's", "en",
     "A solid, if somewhat heavy handed, account of the near disaster, done up by Howard with a "
     "steady hand.",
     NULL},
    /* names: their order says nothing */
    {"a critic, Howard first", "en",
     "Too slight, too clever by half and never quite moving, with Howard. Vehbija is one reason. It "
     "depends on him.",
     NULL},
    {"the other first", "en",
     "Vehbija is one reason. It depends on him. Too slight, too clever by half and never quite "
     "moving, with Howard.",
     NULL},
    /* by the words before */
    {"date of birth", "en", "born on March 12, 1985 / DOB: 1985-03-12",
     "born on [DATE_OF_BIRTH] / DOB: [DATE_OF_BIRTH]"},
    {"nací", "es", "Nací el 12 de marzo de 1985", "Nací el [DATE_OF_BIRTH]"},
    {"née", "fr", "née le 01/02/1980 à Lyon", "née le [DATE_OF_BIRTH] à Lyon"},
    {"another date stays", "en", "DOB: 1985-03-12. Bought on 03/12/2019",
     "DOB: [DATE_OF_BIRTH]. Bought on 03/12/2019"},
    {"account", "en", "account number 3847283911 was hit", "account number [ACCOUNT] was hit"},
    {"cuenta, compte", "fr", "mon compte 00012345678", "mon compte [ACCOUNT]"},
    /* secrets */
    {"keys by their start", "en", "sk-abcd1234efgh5678ijkl AKIAIOSFODNN7EXAMPLE",
     "[SECRET] [SECRET]"},
    {"drawn by lot, whoever made it", "en", "it printed Zq8vN3xKp1Lw7Yt5Rb2Hd9Gs to the log",
     "it printed [SECRET] to the log"},
    {"behind a code that wasn't", "en", "WH-1000XM5-B2-Refurb printed Zq8vN3xKp1Lw7Yt5Rb2Hd9Gs",
     "WH-1000XM5-B2-Refurb printed [SECRET]"},
    {"a long model is no such key", "en", "WH-1000XM5-B2-Refurb and HyperX-Cloud2-Wireless-7Point1",
     NULL},
    {"a commit is none either", "en", "since 9fceb02d0ae598e95dc970b74767f19372d61af8", NULL},
    {"a key's block without its end", "en", "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nAoIBAQ",
     "[SECRET]"},
    {"words between cue and code", "en", "The PIN for the back door is 8841, the code was never sent",
     "The PIN for the back door is [SECRET], the code was never sent"},
    {"what is said of a password", "en", "the password for my account is not working", NULL},
    {"a JWT", "en", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3",
     "Bearer [SECRET]"},
    {"password behind a colon", "en", "password: hunter", "password: [SECRET]"},
    {"password behind is", "es", "Mi contraseña es Perro2024!", "Mi contraseña es [SECRET]"},
    {"mot de passe", "fr", "mot de passe: Soleil!99", "mot de passe: [SECRET]"},
    {"PIN", "en", "my PIN 4821 is wrong", "my PIN [SECRET] is wrong"},
    {"a PIN after a thought", "en", "my PIN, I think it was 4096, fails",
     "my PIN, I think it was [SECRET], fails"},
    {"not over the end of a sentence", "en", "I gave them my PIN. The bill was 4096", NULL},
    {"a password in apposition", "es", "La clave del wifi que me dieron, Garza#38oeste, no va",
     "La clave del wifi que me dieron, [SECRET], no va"},
    {"a code is one by what it opens", "fr", "le code de la porte est 4471, le code promo est 4471",
     "le code de la porte est [SECRET], le code promo est 4471"},
    {"no more than a count", "en", "the security code was 300 seconds late", NULL},
    {"a key whose start says little", "en", "tok-9fQ2xTb7LmVw4RzK1d, tok-board-game-2020-edition",
     "[SECRET], tok-board-game-2020-edition"},
    {"talk about passwords", "en", "my password is not working, login: works", NULL},
    /* addresses over several lines, and what the parts of a street look like */
    {"flat, city and state in lines of their own", "en",
     "85 Cedar Avenue\nSuite 200\nDenver, CO 80203", "[ADDRESS]"},
    {"a box in small letters", "en", "po box 242, send it there", "[ADDRESS], send it there"},
    {"a street word that ends a name", "en", "at Hauptstr. 5, 10115 Berlin", "at [ADDRESS]"},
    {"a house and a postal code", "es", "Los Alisos, 10. 13002 Ciudad Real", "[ADDRESS]"},
    {"a street without number", "es", "Domicilio: c/ Goya 8", "Domicilio: [ADDRESS]"},
    {"a gate of an airport", "en", "at gate 12 in Terminal 5", NULL},
    {"a model with a year", "en", "the Jeep Renegade 2019", NULL},
    /* names: what the text talks of decides */
    {"an actor", "en", "Anna Reyes was superb in this film", NULL},
    {"an agent", "en", "Anna Reyes was superb with my refund",
     "[PERSON] was superb with my refund"},
    {"who reads an X-ray is nobody's author", "en", "My X-ray was read by Anna Ruiz.",
     "My X-ray was read by [PERSON]."},
    {"who sold it", "en", "I bought from Maria Lopez and never got it.",
     "I bought from [PERSON] and never got it."},
    {"at whose place", "fr", "Nous avons mangé chez Marie Dupont hier soir.",
     "Nous avons mangé chez [PERSON] hier soir."},
    {"whom it came to", "es", "Llegaron a Marta Giménez los paquetes.",
     "Llegaron a [PERSON] los paquetes."},
    {"who broke the lamp", "fr", "La lampe Julien Moreau l'a cassée.",
     "La lampe [PERSON] l'a cassée."},
    {"a job is no name", "en", "Agent was patient.", NULL},
    {"a maker that is also a name", "en", "SSO with Okta fails.", NULL},
    {"a public post", "en", "@acme watching Anna Reyes tonight #live", NULL},
    {"a firm", "en", "a kit by Melissa & Doug", NULL},
    {"who is in a list with others", "en", "They had 3: Efimiya, Mary and Jodi.",
     "They had 3: [PERSON], [PERSON] and [PERSON]."},
    {"Mr. and a common name", "en", "Mr. Smith was rude", "Mr. [PERSON] was rude"},
    /* placeholders */
    {"placeholders are left alone", "en", "password: [SECRET], call [PHONE], [EMAIL]@", NULL},
    {"nothing", "en", "", NULL},
    {"no language known", "", "612 345 679", "[PHONE]"},
};

static void finds_what_is_personal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct redacted redacted, again;
        struct err err;
        struct str text = str_of(cases[i].text);
        const char *expected = cases[i].expected ? cases[i].expected : cases[i].text;
        CASE(cases[i].why);
        assert_int_equal(text_redact(text, cases[i].language, &arena, &redacted, &err), E_OK);
        assert_string_equal(arena_copy(&arena, redacted.text).data, expected);
        if (!cases[i].expected) assert_ptr_equal(redacted.text.data, text.data);
        assert_int_equal(text_redact(redacted.text, cases[i].language, &arena, &again, &err), E_OK);
        assert_int_equal(again.count, 0);
        arena_deinit(&arena);
    }
}

static void tells_where_the_placeholders_are(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct redacted redacted;
    struct err err;
    struct str text = STR("Jo: a@b.com, 4111111111111111 ok, DOB 01/02/1980");
    static const struct {
        const char *placeholder;
        uint32_t kind;
    } expected[] = {{"[EMAIL]", REDACT_EMAIL},
                    {"[CARD]", REDACT_CARD},
                    {"[DATE_OF_BIRTH]", REDACT_DATE_OF_BIRTH}};
    assert_int_equal(text_redact(text, "en", &arena, &redacted, &err), E_OK);
    assert_int_equal(redacted.count, COUNT_OF(expected));
    for (uint32_t i = 0; i < redacted.count; i++) {
        struct str part = str_slice(redacted.text, redacted.items[i].start, redacted.items[i].end);
        assert_true(str_equal(part, str_of(expected[i].placeholder)));
        assert_int_equal(redacted.items[i].kind, expected[i].kind);
    }
    arena_deinit(&arena);
}

/* 64 bytes are looked at together, and words and numbers lie across their borders. */
static void finds_the_same_wherever_it_lies(void **state)
{
    enum { SHIFTS = 130 };
    static const char lead[] = ".\n\n",
                      text[] = "Écrivez à José Núñez (jose.nunez@example.com, 06 12 34 56 78) or "
                               "call me on 555-123-4567. My name is Ana-María Pérez; card "
                               "4111111111111111, IP 10.1.2.3, iPhone12 at 85 Cedar Avenue, "
                               "Denver, CO 80203. Password: Xy7!abcd9Q, key sk_live_"
                               "4eC39HqLyjWDarjtT1zdp7dc";
    char shifted[SHIFTS + sizeof lead + sizeof text], expected[2 * sizeof text] = "";
    (void)state;
    for (size_t shift = 1; shift < SHIFTS; shift++) {
        struct arena arena = {0};
        struct redacted redacted;
        struct err err;
        memset(shifted, 'z', shift);
        snprintf(shifted + shift, sizeof shifted - shift, "%s%s", lead, text);
        assert_int_equal(text_redact(str_of(shifted), "en", &arena, &redacted, &err), E_OK);
        const char *found = arena_copy(&arena, redacted.text).data + shift;
        if (shift == 1) {
            assert_in_range(redacted.count, 7, 10);
            snprintf(expected, sizeof expected, "%s", found);
        }
        assert_string_equal(found, expected);
        arena_deinit(&arena);
    }
}

/* Each was, or could be, work for every pair of its places: 128 KiB of it would outlast
 * the test's time limit. */
static void hostile_texts_end_soon(void **state)
{
    static const char *const patterns[] = {
        "1-",      "Maria, ", "1.",          "@",         "a@b.",    "Anna Lopez said. ", "12 rue ",
        "my name is ", "password:", "PO Box ", "address: 1 ", "http://a ", "GB29 ",   "[EMAIL",
        "::", "maria lopez ", "[PERSON], Aaaa, ", "Aaaa, Maria, ", "corner of Aa and Bb ",
        "Aaaa 1, 11111 Bbbb ", "said Aaaa. ", "\nAaaa: [PERSON]: ", "by the name of ", "Anna made ",
        "Bien a ", "O'O'", "Ji-eun-", "Mr Smith ate. ", "I met Anna there. ", "4417 is my PIN ",
        "55 fennel close, ", "a bloke called anna ", "weird (Anna) lays, ", "c'est mon code ",
        "Bryan Maclean has created a weird tour de force. ", "A-", "seven ", "seven and ",
        "Aa, 12 Bb, SW1A 1AA ", "B as in Bravo, ", "customer 12345 ", "\nby: Anna Ruiz", "[1:1] Anna: "};
    static char text[128 * 1024];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct arena arena = {0};
        struct redacted redacted;
        struct err err;
        size_t size = strlen(patterns[i]);
        CASE(patterns[i]);
        for (size_t k = 0; k < sizeof text; k++) text[k] = patterns[i][k % size];
        assert_int_equal(text_redact(str_make(text, sizeof text), "en", &arena, &redacted, &err),
                         E_OK);
        assert_true(str_is_utf8(redacted.text));
        arena_deinit(&arena);
    }
}

static clock_t run_redact(const char *text, size_t size)
{
    struct arena arena = {0};
    struct redacted redacted;
    struct err err;
    clock_t begun = clock();
    assert_int_equal(text_redact(str_make(text, size), "en", &arena, &redacted, &err), E_OK);
    clock_t taken = clock() - begun;
    arena_deinit(&arena);
    return taken;
}

/* Whether the writer speaks of himself was asked of the whole text for each name. */
static void many_names_cost_no_more_than_their_text(void **state)
{
    static const char *const patterns[] = {"Jim Carrey. Lucia Ferrer ate a novel. ",
                                           "Jim Carrey. Anna Reyes met Bob Ruiz. "};
    (void)state;
    check_growth(run_redact, patterns, COUNT_OF(patterns));
}

static void tells_when_memory_runs_out(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct redacted redacted;
    struct err err;
    arena_init(&arena, 8);
    assert_int_equal(text_redact(STR("a@b.com"), "en", &arena, &redacted, &err), E_NO_MEMORY);
    assert_int_equal(text_redact(STR("nothing here"), "en", &arena, &redacted, &err), E_OK);
    arena_deinit(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_personal),
        cmocka_unit_test(tells_where_the_placeholders_are),
        cmocka_unit_test(finds_the_same_wherever_it_lies),
        cmocka_unit_test(hostile_texts_end_soon),
        cmocka_unit_test(many_names_cost_no_more_than_their_text),
        cmocka_unit_test(tells_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
