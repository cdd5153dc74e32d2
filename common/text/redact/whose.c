/* Whose number it is: a thing's, which stays, or a customer's. */
#include "text/redact/numbers.h"

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

/* "Review id 29999", "la reseña id 29999": a thing's, and no person's. */
bool redact_is_things_id(struct str text, size_t start)
{
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

/* "my case CS0098127", "mon dossier n° 20445513": told as one's own. */
bool redact_is_own_case(struct str text, size_t start)
{
    static const char *const cases[] = {"case", "dossier", "expediente", "caso", "claim", "file"};
    static const char *const numbers[] = {"number", "no", "n", "nr", "num", "numero", "is", "es",
                                          "est", "id"};
    struct redact_word word, owner;
    redact_word_before(text, start, &word);
    for (int k = 0; k < 2 && IS_ONE_OF(&word, numbers); k++)
        redact_word_before(text, word.start, &word);
    if (!word.size || start - word.end > 16 || !IS_ONE_OF(&word, cases)) return false;
    redact_word_before(text, word.start, &owner);
    size_t end = start;
    while (is_digit(at(text, end))) end++;
    if (redact_is_counted(text, start, end)) return false; /* "my case is 100000 times worse" */
    return owner.end + 1 == word.start && owner.cues & CUE(OWNER);
}

/* "sort code 40-12-77" */
bool redact_is_sort_code(struct str text, const struct redact_digits *digits)
{
    struct redact_word code, sort;
    if (digits->groups < 3 || digits->sizes[0] != 2 || digits->sizes[1] != 2 ||
        digits->sizes[2] != 2 || digits->separators[1] != digits->separators[2])
        return false;
    redact_word_before(text, digits->start, &code);
    redact_word_before(text, code.start, &sort);
    return word_is(&code, "code") && word_is(&sort, "sort");
}

/* "my Avios no is 308143 7702615": a number of his with something that has a name. */
static bool is_schemes(struct str text, size_t start)
{
    static const char *const links[] = {"is", "es", "est"};
    static const char *const numbers[] = {"number", "no", "n", "nr", "num", "id"};
    struct redact_word word, owner;
    redact_word_before(text, start, &word);
    bool link = IS_ONE_OF(&word, links);
    if (link) redact_word_before(text, word.start, &word);
    if (!IS_ONE_OF(&word, numbers) || (!link && word_is(&word, "no"))) return false;
    redact_word_before(text, word.start, &word);
    redact_word_before(text, word.start, &owner);
    return word.capital && word.size > 3 && !redact_is_ordinary(&word) &&
           owner.end + 1 == word.start && owner.cues & CUE(OWNER);
}

/* "LK19 VXZ", "4418 LKB", "GB-417-KL": like plates of Britain, Spain, France or Italy, and
 * Belgium. */
static bool is_plates_form(struct str form)
{
    static const char *const forms[] = {"AA99 AAA", "AA99AAA", "9999 AAA", "9999AAA",
                                        "AA 999 AA", "AA999AA", "9 AAA 999"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_equal(form, str_of(forms[i]))) return true;
    return false;
}

/* Whether one of the five words before it says that it is a plate; ret_car: and a car's. */
static bool is_behind_plate(struct str text, size_t start, bool *ret_car)
{
    static const char *const plates[] = {"plate",   "immatriculation", "immat", "immatriculee",
                                         "placa",   "matricula",       "reg",   "immatricule",
                                         "patente", "plaque",          "registration"};
    static const char *const cars[] = {"license", "licence",  "registration", "car",
                                       "van",     "truck",    "coche",        "carro",
                                       "auto",    "moto",     "camion",       "vehiculo",
                                       "voiture", "vehicule", "vehicle",      "immatriculation"};
    struct redact_word word;
    bool plate = false, number = false; /* the last one was such a word */
    *ret_car = false;
    for (int k = 0; k < 5; k++, start = word.start) {
        redact_word_before(text, start, &word);
        if (!word.size || start - word.end > 3) break;
        bool is_plate = IS_ONE_OF(&word, plates);
        *ret_car |= IS_ONE_OF(&word, cars) || (is_plate && number); /* "plate number" */
        plate |= is_plate, number = word_is(&word, "number");
    }
    return plate;
}

/* "plate LK19 VXZ", "matrícula 4418 LKB", "immatriculation GB-417-KL": capitals and digits, up to
 * three groups of them, in a form that plates have; in any ("RTX 4090" is a ware) where it is a
 * car's. The end of it, or 0. */
size_t redact_plate_end(struct str text, size_t start)
{
    enum { GROUPS = 3, LEAST = 5, MOST = 8 };
    char form[MOST + GROUPS];
    size_t end = 0, size = 0, letters = 0, digits = 0;
    for (size_t i = start, k = 0; k < GROUPS && size < sizeof form; k++) {
        size_t group = i, behind = size;
        if (k) form[size++] = ' ';
        for (; (is_digit(at(text, i)) || is_upper(at(text, i))) && size < sizeof form; i++)
            form[size++] = is_digit(text.data[i]) ? '9' : 'A';
        if (i == group || is_word(at(text, i))) {
            size = behind;
            break;
        }
        end = i;
        if (at(text, i) != ' ' && at(text, i) != '-') break;
        i++;
    }
    for (size_t k = 0; k < size; k++) letters += form[k] == 'A', digits += form[k] == '9';
    bool car;
    if (letters < 2 || digits < 2 || letters + digits < LEAST || letters + digits > MOST ||
        !is_behind_plate(text, start, &car))
        return 0;
    return car || is_plates_form(str_make(form, size)) ? end : 0;
}

/* Who one is to somebody who counts people. */
static const char *const customers[] = {
    "customer", "client", "cliente", "member", "adherente", "adherent", "miembro", "socio",
    "socia", "membre", "abonado", "abonne", "abonnee", "usuario", "utilisateur", "subscriber",
    "loyalty", "fidelidad", "fidelite", "afiliado", "afiliada", "membership", "meter",
    "medidor", "compteur", "student", "estudiante", "alumno", "alumna", "etudiant",
    "etudiante", "eleve", "allocataire", "suscriptor", "suscriptora", "tenant", "inquilino",
    "locataire", "employee", "empleado", "empleada", "employe", "salarie", "pensioner",
    "pensionista", "retraite", "assure", "assuree", "contribuable", "contribuyente",
    "taxpayer", "candidate", "candidat", "applicant", "solicitante", "etranger", "usager",
    "societaire", "patient", "patiente",
    "paciente", "policyholder", "holder", "titular", "titulaire", "insured", "asegurado",
    "asegurada", "beneficiary", "beneficiario", "beneficiaria", "beneficiaire", "pupil", "resident",
    "donor", "donante", "householder", "contador"};

/* Only such marks stand between the words before a number; a dot behind "ref." alone. */
static bool is_gap(struct str text, size_t start, size_t end, bool number)
{
    enum { GAP_MOST = 6 };
    if (end - start > GAP_MOST) return false;
    for (size_t i = start; i < end; i++) {
        char c = text.data[i]; /* beyond ASCII: "nº", "l’abonné" */
        if (!(c & 0x80) && !is_one_of(c, number ? " :'#-=(." : " :'#-=(")) return false;
    }
    return true;
}

/* The end of what stands before a number: of "n." in "n.º ". */
static size_t skip_ordinal(struct str text, size_t start)
{
    size_t end = start - (before(text, start) == ' ');
    return str_ends(str_slice(text, 0, end), STR(".\xC2\xBA")) ? end - 2 : start;
}

/* What has a number that isn't a person's: wares, their parts and makers, journeys, vouchers. */
static bool is_ware(const struct redact_word *word)
{
    static const char *const wares[] = {
        "flight", "train", "bus", "route", "line", "seat", "room", "table", "gate", "platform",
        "house", "unit", "code", "promo", "discount", "coupon", "voucher", "gift", "area", "qr",
        "country", "source", "fault", "barcode", "service", "services", "support", "care", "lucky",
        "favorite", "favourite", "machine", "laptop", "printer", "router", "camera", "car", "bike",
        "engine", "chassis", "vol", "siege", "place", "chambre", "billet", "erreur", "reduction",
        "cadeau", "bon", "panne", "imprimante", "voiture", "vuelo", "tren",
        "asiento", "habitacion", "boleto", "descuento", "cupon", "regalo", "error", "fallo",
        "averia", "impresora", "lavadora", "coche", "atencion", "score", "budget", "salary",
        "count", "step", "balance", "saldo", "solde", "total", "bill", "receipt",
        "recibo", "recu", "boleta", "promocional", "promotional", "promotion", "promocion", "bonus",
        "shade", "colour", "color", "paint", "polish", "perfume", "parfum", "rouge", "teinte",
        "couleur", "tono", "size", "talla", "taille", "shoe", "set", "kit", "filter", "filtre",
        "filtro", "recipe", "receta", "recette", "pressure", "tension", "lottery", "loteria",
        "edition", "edicion", "volume", "chapitre", "capitulo", "spare", "cartridge", "bulb",
        "battery", "bateria", "batterie", "tyre", "tire", "stay", "sejour", "estancia", "trip",
        "viaje", "voyage", "tv", "phone", "watch", "tablet"};
    const uint32_t others = CUE(ORDER) | CUE(VERSION) | CUE(PHONE) | CUE(ZIP) | CUE(BIRTH);
    return word->cues & others || IS_ONE_OF(word, wares) || IS_ONE_OF(word, things);
}

/* "my dental plan number is DP-40918823", "mon numéro de foyer est le F-220418", "mi contador es
 * …", "number of the member …": whatever counts him, if no ware does. */
bool redact_is_own_number(struct str text, size_t start)
{
    enum { WORDS_MOST = 8, NOUNS_MOST = 3 };
    static const char *const owners[] = {"my", "our", "mon", "ma", "notre", "mi", "nuestro",
                                         "nuestra"};
    static const char *const links[] = {"is", "was", "es", "era", "est", "c", "le", "la", "el",
                                        "the", "l", "d", "de", "du", "del", "des", "of", "s",
                                        "porte", "lleva"};
    static const char *const numbers[] = {
        "number", "no", "n", "nr", "nro", "num", "numero", "id", "ref", "reference", "referencia",
        "code", "codigo", "clave", "identifiant", "identificador"};
    struct redact_word word;
    bool number = false, customer = false, letter = is_letter(at(text, start));
    size_t nouns = 0, others = 0; /* others: that are no customers */
    for (int k = 0; k < WORDS_MOST; k++, start = word.start) {
        bool told = number && customer && !others;
        redact_word_before(text, skip_ordinal(text, start), &word);
        bool is_number = IS_ONE_OF(&word, numbers);
        if (k == 0 && !letter && word_is(&word, "no") && start == word.end + 1)
            return false; /* "my Kindle no 1234567 works" */
        if (!word.size || !is_gap(text, word.end, start, is_number)) return told;
        if (IS_ONE_OF(&word, owners)) return nouns && (number || customer);
        if (is_number) number = true;
        if (is_number || IS_ONE_OF(&word, links)) continue;
        if (told) return true;
        if (is_ware(&word) || word.cues & CUE(COMMON) || ++nouns > NOUNS_MOST) return false;
        bool is_customer = word.cues & CUE(ACCOUNT) || IS_ONE_OF(&word, customers);
        customer |= is_customer, others += !is_customer;
    }
    return number && customer && !others;
}

/* "customer number 55512345", "customer ref NL-5529013", "client n° 12345678", "numéro d'adhérent :
 * 22814", "contrato 880-114-27", "claim no. TX-2291": no more than such words before it. */
bool redact_is_customers(struct str text, size_t start)
{
    static const char *const papers[] = {"contract", "contrat", "contrato", "siniestro",
                                         "sinistre"};
    static const char *const claims[] = {"claim", "loan", "mortgage", "prestamo", "hipoteca"};
    static const char *const numbers[] = {"number", "no", "n", "nr", "nro", "num", "numero", "id",
                                          "card", "carte", "tarjeta", "code", "codigo",
                                          "ref", "reference", "referencia"};
    struct redact_word word, owner = {.size = 0};
    const size_t number_at = start;
    bool number = false, ours = false;
    if (is_schemes(text, start)) return true;
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
        bool link = word.cues & (CUE(COMMON) | CUE(PARTICLE)) || word_is(&word, "d") ||
                    word_is(&word, "c"); /* "c'est" */
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
