/* Whose number it is: a thing's, which stays, or a customer's. */
#include "text/redact_numbers.h"

/* "Review id 29999", "la reseña id 29999": a thing's, and no person's. */
bool redact_is_things_id(struct str text, size_t start)
{
    static const char *const things[] = {
        "review",  "order",   "product",  "transaction", "session", "video",   "app",     "device",
        "message", "post",    "ticket",   "comment",     "track",   "channel", "game",    "match",
        "event",   "group",   "page",     "article",     "listing", "ad",      "item",    "build",
        "process", "thread",  "bug",      "issue",       "crash",   "error",   "request", "report",
        "case",    "job",     "model",    "batch",       "fcc",     "asset",   "station", "store",
        "shop",    "server",  "cluster",  "instance",    "image",   "course",  "project", "task",
        "recall",  "resena",  "pedido",   "producto",    "mensaje", "opinion", "comentario",
        "avis",    "commande", "produit", "commentaire", "annonce", "anuncio", "booking",
        "invoice", "payment", "tracking", "question",    "answer",  "record",  "row",     "song",
        "label",   "lot",     "part"};
    struct redact_word id, owner;
    size_t end = start;
    for (int k = 0; k < 4; k++) {
        redact_word_before(text, end, &id);
        if (!id.size || (id.cues & CUE(ID) && !word_is(&id, "id"))) return false;
        if (word_is(&id, "id")) break;
        end = id.start;
    }
    if (!word_is(&id, "id")) return false;
    redact_word_before(text, id.start, &owner);
    return owner.end + 1 == id.start && IS_ONE_OF(&owner, things);
}

/* "customer number 55512345", "client n° 12345678", "numéro d'adhérent : 22814", "contrato
 * 880-114-27", "claim no. TX-2291": no more than such words before it. */
bool redact_is_customers(struct str text, size_t start)
{
    static const char *const customers[] = {
        "customer", "client", "cliente", "member", "adherente", "adherent", "miembro", "socio",
        "socia", "membre", "abonado", "abonne", "abonnee", "usuario", "utilisateur", "subscriber",
        "loyalty", "fidelidad", "fidelite", "afiliado", "afiliada", "membership"};
    static const char *const papers[] = {"contract", "contrat", "contrato", "siniestro", "sinistre"};
    static const char *const claims[] = {"claim", "loan", "mortgage", "prestamo", "hipoteca"};
    static const char *const numbers[] = {"number", "no", "n", "nr", "num", "numero", "id",
                                          "card", "carte", "tarjeta", "code", "codigo"};
    struct redact_word word, owner = {.size = 0};
    const size_t number_at = start;
    bool number = false, ours = false;
    for (int k = 0; k < 6; k++, start = word.start) {
        redact_word_before(text, start, &word);
        if (!word.size || start - word.end > 4) return false;
        if (IS_ONE_OF(&word, papers)) return true;
        bool claim = IS_ONE_OF(&word, claims);
        if (claim && word.end + 1 == number_at) redact_word_before(text, word.start, &owner);
        number |= claim && owner.cues & CUE(OWNER); /* "my claim 0045518827" */
        ours |= claim || IS_ONE_OF(&word, customers);
        number |= IS_ONE_OF(&word, numbers);
        if (ours && (number || at(text, word.end) == ':')) return true;
        bool link = word.cues & (CUE(COMMON) | CUE(PARTICLE)) || word_is(&word, "d");
        if (!link && !ours && !IS_ONE_OF(&word, numbers)) return false;
        if (!link && ours && !IS_ONE_OF(&word, customers)) return false;
    }
    return false;
}

/* "the last four of my social", "los últimos cuatro de mi seguro social". */
bool redact_is_last_of_id(struct str text, size_t start)
{
    static const char *const lasts[] = {"last", "ultimos", "ultimas", "derniers", "final"};
    struct redact_word word;
    bool id = false;
    for (int k = 0; k < 14; k++, start = word.start) {
        redact_word_before(text, start, &word);
        if (!word.size) return false;
        id |= (word.cues & CUE(ID)) != 0;
        if (IS_ONE_OF(&word, lasts)) return id;
    }
    return false;
}
