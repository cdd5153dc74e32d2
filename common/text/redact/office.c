/* Where those work whom customers speak with: "Jolanta from billing", "Nadia de l'accueil",
 * "Malvolia Corso, de atención al cliente". */
#include "text/redact/name.h"

/* those that begin with d are Romance */
static const char *const at_office[] = {"from", "in", "at", "on", "au", "de", "del", "du"};

void name_mark_offices(uint64_t *set, int bits)
{
    for (size_t i = 0; i < sizeof at_office / sizeof *at_office; i++)
        redact_mark_words(set, bits, str_of(at_office[i]));
}

/* "from customer service", "de la facturación", "du support": where those work whom one speaks
 * with. */
bool name_is_from_office(struct str text, const struct name_around *around, bool given)
{
    static const char *const spoken_with[] = {"con", "avec", "a", "par", "por", "with", "to"};
    const struct redact_word *from = &around->follow;
    if (!from->size || !IS_ONE_OF(from, at_office)) return false;
    static const char *const offices[] = {
        "support", "customer", "customers", "billing", "sales", "technical", "tech", "service",
        "accounts", "accounting", "reception", "shipping", "returns", "headquarters", "ventas",
        "atencion", "facturacion", "soporte", "recepcion", "facturation", "technique", "accueil",
        "clientele", "front", "desk", "counter", "checkout", "register", "pharmacy", "deli",
        "chat", "warehouse", "dispatch", "logistics", "repairs", "complaints", "maintenance",
        "housekeeping", "claims", "devoluciones", "tienda", "caja", "almacen", "caisse",
        "entrepot", "retours", "livraisons", "comptoir", "mostrador", "guichet", "sav", "till",
        "tills", "rayon", "livraison", "reparto", "cobranzas", "averias", "taller", "atelier",
        "contabilidad", "comptabilite", "reclamaciones", "reclamations", "urgencias", "urgences",
        "admissions", "finance", "payments", "pagos", "cobros", "postventa", "secretaria",
        "secretariat", "hr", "rrhh", "refunds", "reservations", "bookings", "reservas",
        "cancellations"};
    static const char *const praises[] = {"chapeau", "bravo", "felicitations", "honte", "carton"};
    struct redact_word praise; /* "Chapeau au service client" */
    redact_word_before(text, from->start, &praise);
    if (IS_ONE_OF(&praise, praises)) return false;
    /* "Servicio de atención" is nobody */
    bool romance = from->folded[0] == 'd';
    if (romance && !given && !(around->lead.size && IS_ONE_OF(&around->lead, spoken_with)))
        return false;
    struct redact_word word = name_next_word(text, from->end);
    size_t size;
    if (word_is(&word, "l") && is_apostrophe(text, word.end, &size)) /* "de l'accueil" */
        redact_word_at(text, word.end + size, &word);
    if (word_is(from, "on") && word_is(&word, "front")) return false; /* "printed on front" */
    static const char *const branches[] = {"branch", "store", "shop", "office", "restaurant",
                                           "phone", "phones", "telephone"};
    for (int k = 0; k < 3 && word.size; k++) {
        if (IS_ONE_OF(&word, offices)) return true;
        if (given && IS_ONE_OF(&word, branches)) return true; /* "at the Croydon branch" */
        if (given && k == 1 && word.capital) {
            word = name_next_word(text, word.end);
            continue;
        }
        if (!(word.cues & (CUE(COMMON) | CUE(OWNER) | CUE(PARTICLE))) && !redact_is_ordinary(&word))
            return false;
        word = name_next_word(text, word.end);
    }
    return false;
}

/* "Will in the Harrogate branch": of names that are words as well. */
bool name_is_from_branch(struct str text, const struct name_around *around)
{
    struct redact_word the = name_next_word(text, around->follow.end);
    return word_is(&the, "the") && name_next_word(text, the.end).capital &&
           name_is_from_office(text, around, true);
}

/* "Malvolia Corso, de atención al cliente, …" */
bool name_is_apposed_to_office(struct str text, const struct name *name,
                               const struct name_around *around)
{
    if (at(text, name->end) != ',' || around->follow.size) return false;
    struct name_around apposed = {
        .lead = around->lead, .follow = name_next_word(text, name->end + 1)};
    return !apposed.follow.capital && name_is_from_office(text, &apposed, true);
}
