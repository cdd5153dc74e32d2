/* Whose number it is: a thing's, which stays, or a customer's. */
#include "text/redact_find.h"

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

/* "customer number 55512345", "client n° 12345678": no more than such words before it. */
bool redact_is_customers(struct str text, size_t start)
{
    static const char *const customers[] = {
        "customer", "client", "cliente", "member", "adherente", "miembro", "abonado", "abonne",
        "abonnee", "usuario", "utilisateur", "subscriber", "loyalty", "fidelidad", "fidelite"};
    static const char *const numbers[] = {"number", "no", "n", "nr", "num", "numero", "id",
                                          "card", "carte", "tarjeta", "code", "codigo"};
    struct redact_word word;
    bool number = false;
    for (int k = 0; k < 4; k++, start = word.start) {
        redact_word_before(text, start, &word);
        if (!word.size || start - word.end > 4) return false;
        if (IS_ONE_OF(&word, customers)) return number || at(text, word.end) == ':';
        if (IS_ONE_OF(&word, numbers)) number = true;
        else if (!(word.cues & (CUE(COMMON) | CUE(PARTICLE)))) return false;
    }
    return false;
}
