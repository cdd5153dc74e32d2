/* What is named like a person and is none, by the words beside it: "the Elsa doll", "freidora
 * Cosori", "aeropuerto Jorge Chávez", "read by …", "we ate at …". */
#include "text/redact/name.h"

#include <threads.h>

enum { SLOTS = 2048 };
/* Where the word stands: "Ashley furniture", "muñeca Elsa". */
enum side { BEHIND = 1, BEFORE = 2 };

static const struct {
    uint32_t sides;
    const char *words; /* folded, parted by blanks */
} lists[] = {
    {BEHIND,
     "doll dolls toy toys figure figures costume bear playset puzzle game games console "
     "furniture mattress sofa chair chairs table crib stroller grill blender oven stove fridge "
     "vacuum knife knives pan pans mixer kettle toaster iron shaver razor razors watch watches "
     "shoes boots sneakers jeans shirt shirts dress jacket bag bags purse handbag wallet "
     "sunglasses glasses ring necklace perfume cologne fragrance shampoo conditioner lotion "
     "cream mascara lipstick makeup soap sauce soup salad pizza coffee tea beer wine whiskey "
     "vodka rum gin chicken cheese bread cookies airport stadium hotel restaurant store stores "
     "shop brand brands products product car truck van bike tires speakers speaker headphones "
     "guitar amp jersey album song movie film films novel books series edition model bridge "
     "pier fryer airfryer juicer dishwasher washer dryer freezer microwave hob cooker kettles "
     "saucepan casserole wok lamp lamps desk bookcase bookshelf wardrobe duvet pillow pillows "
     "sheets towel towels rug curtains sandals trainers heels leggings hoodie jumper coat "
     "raincoat backpack suitcase luggage tent scooter ebike pram pushchair carrier earbuds "
     "earphones headset soundbar keyboard laptop smartwatch tracker drill saw sander mower "
     "trimmer hoover foundation concealer eyeliner serum moisturizer moisturiser sunscreen "
     "balm candle candles biography memoir memoirs audiobook audiobooks paperback trilogy "
     "thriller thrillers cookbook cookbooks musical soundtrack vinyl poster posters museum "
     "vehicle vehicles imitation imitations impersonator tickets range collection "
     "gallery exhibition theatre bakery brewery winery vineyard"},
    {BEFORE,
     "aeropuerto aeroport estadio stade muneca poupee marca marque hotel modelo modele perfume "
     "parfum restaurante restaurant tienda magasin model doll dolls plush toy figurine cerveza "
     "biere zapatos zapatillas chaussures pelicula freidora cafetera tetera pava batidora "
     "licuadora tostadora aspiradora lavadora secadora lavavajillas nevera frigorifico horno "
     "microondas plancha sarten olla cuchillo colchon sofa estanteria lampara mesa silla "
     "escritorio almohada botas sandalias mochila maleta bolso vestido reloj gafas coche "
     "bicicleta patinete moto neumaticos auriculares altavoz televisor portatil impresora "
     "taladro crema champu serum labial esmalte vino cafe galletas chocolate audiolibro museo "
     "teatro cervejaria cerveceria bodega heladeria pizzeria panaderia pasteleria playa "
     "carrito friteuse cafetiere bouilloire mixeur robot aspirateur refrigerateur frigo four "
     "poele cocotte couteau matelas canape bibliotheque lampe lampadaire bureau baskets bottes "
     "sandales valise robe veste montre lunettes voiture velo trottinette pneus ecouteurs "
     "enceinte televiseur imprimante perceuse creme shampoing vernis vin poussette musee "
     "gamme gama linea coleccion collection theatre brasserie boulangerie patisserie glacier "
     "pizzeria plage cave guitare telefono "
     "montres trainers sneakers headphones museum"},
};

static struct slot {
    uint32_t hash, sides;
} slots[SLOTS];
static once_flag once = ONCE_FLAG_INIT;

static uint32_t slot_of(uint32_t hash)
{
    uint32_t i = hash % SLOTS;
    while (slots[i].hash && slots[i].hash != hash) i = (i + 1) % SLOTS;
    return i;
}

static void build(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct str rest = str_of(lists[i].words); rest.size;) {
            uint32_t hash = redact_hash_of(str_cut(&rest, ' '));
            struct slot *slot = &slots[slot_of(hash)];
            slot->hash = hash;
            slot->sides |= lists[i].sides;
        }
}

void redact_ware_open(void) { call_once(&once, build); }

static bool stands(const struct redact_word *word, enum side side)
{
    return word->size && slots[slot_of(word->hash)].sides & (uint32_t)side;
}

/* "made by"; of works "read by", "narrated by", too: whom one knows by that. An X-ray is read by
 * somebody whom nobody knows. */
static bool is_maker(struct str text, const struct redact_word *by, bool of_works)
{
    static const char *const bys[] = {"by", "par", "por"};
    static const char *const made[] = {"manufactured", "made",     "distributed", "marketed",
                                       "sold", "acted", "voiced", "directed",
                                       "fabricado",    "fabrique", "distribue",   "distribuido"};
    static const char *const told[] = {
        "read", "narrated", "translated", "narrado", "leido", "traducido", "traduit", "traduite",
        "dessine", "illustre", "ilustrado", "illustrated"};
    if (!by->size || !IS_ONE_OF(by, bys)) return false;
    struct redact_word verb;
    redact_word_before(text, by->start, &verb);
    return verb.size && (IS_ONE_OF(&verb, made) || (of_works && IS_ONE_OF(&verb, told)));
}

/* "estación de Príncipe Pío", "la ligne 13 jusqu'à Gabriel Péri", "Virgen de Guadalupe", "parfum
 * d'Angélique": what is named after somebody, a word or two before. */
static bool is_named_after(struct str text, const struct redact_word *lead)
{
    static const char *const joins[] = {"de", "d", "hasta", "jusqu", "a", "vers", "hacia", "to"};
    static const char *const stops[] = {
        "estacion", "parada", "metro",    "arret",   "station", "gare",  "linea",  "ligne",
        "line",     "stop",   "terminal", "tranvia", "tram",    "lycee", "college", "ecole",
        "colegio",  "instituto", "hopital", "iglesia", "eglise", "barrio"};
    static const char *const things[] = {
        "virgen",  "vierge",  "parfum", "perfume", "colonia", "aeropuerto", "aeroport", "estadio",
        "stade",   "muneca",  "poupee", "figurine", "arome",  "gout",       "huile",    "bouquet",
        "disfraz", "costume", "camiseta", "maillot", "magnet", "poster"};
    if (!lead->size || lead->capital) return false;
    if (IS_ONE_OF(lead, stops)) return true;
    if (!IS_ONE_OF(lead, joins)) return false;
    struct redact_word word = *lead;
    for (int k = 0; k < 2; k++) {
        size_t start = word.start;
        redact_word_before(text, start, &word);
        if (!word.size || start - word.end > 4) return false;
        if (IS_ONE_OF(&word, stops)) return true;
        if (k == 0 && IS_ONE_OF(&word, things)) return true;
    }
    return false;
}

/* "Paul, la boulangerie, a doublé ses prix", "Zara, la tienda". */
static bool is_called_thing(struct str text, const struct name *name)
{
    static const char *const articles[] = {"la", "le", "el", "the", "l", "votre", "notre", "your",
                                           "our", "su", "nuestra", "nuestro", "vuestra"};
    static const char *const news[] = {"nueva", "nuevo", "nouvelle", "nouveau", "new", "latest"};
    struct redact_word article, thing;
    size_t size;
    if (at(text, name->end) != ',' || at(text, name->end + 1) != ' ') return false;
    redact_word_at(text, name->end + 2, &article);
    if (!article.size || article.capital || !IS_ONE_OF(&article, articles)) return false;
    bool joined = is_apostrophe(text, article.end, &size);
    redact_word_at(text, article.end + (joined ? size : 1), &thing);
    if (IS_ONE_OF(&thing, news)) redact_word_at(text, thing.end + 1, &thing);
    return !thing.capital && (stands(&thing, BEFORE) || stands(&thing, BEHIND));
}

bool name_is_thing(struct str text, const struct name *name, const struct name_around *around,
                   bool of_works)
{
    if (is_named_after(text, &around->lead) || is_called_thing(text, name)) return true;
    if (is_maker(text, &around->lead, of_works) || stands(&around->follow, BEHIND)) return true;
    /* "me vendió el colchón Laura", "la lampe Julien Moreau l'a cassée": a given name behind a ware
     * is who sold it, or broke it */
    static const char *const always[] = {
        "aeropuerto", "aeroport", "estadio", "stade", "muneca", "poupee", "marca", "marque",
        "hotel", "modelo", "modele", "perfume", "parfum", "restaurante", "restaurant", "tienda",
        "magasin", "model", "doll", "dolls", "plush", "toy", "figurine", "cerveza", "biere",
        "zapatos", "zapatillas", "chaussures", "pelicula"};
    if (around->lead.capital || !stands(&around->lead, BEFORE)) return false;
    return !name->given || IS_ONE_OF(&around->lead, always);
}

bool name_is_where_one_goes(struct str text, const struct name *name,
                            const struct name_around *around)
{
    static const char *const stays[] = {
        "ate", "eat", "eating", "dined", "dine", "dining", "stayed", "stay", "staying", "bought",
        "buy", "purchased", "shopping", "shop", "cenamos", "comimos", "cenar", "comer", "alojamos",
        "compre", "compramos"};
    static const char *const goes[] = {
        "llegar", "llego", "llegaron", "llegamos", "viajar", "viajamos", "viaje", "vuelo", "vuelos",
        "mudamos", "arrives", "arrive", "arrivee", "alles", "voyage", "flew", "travelled",
        "traveled", "trip", "drove", "flight", "flights", "vol", "train"};
    struct redact_word verb;
    const struct redact_word *lead = &around->lead;
    static const char *const tos[] = {"at", "en", "a", "to"};
    if (!lead->size || !IS_ONE_OF(lead, tos)) return false;
    redact_word_before(text, lead->start, &verb);
    if (!verb.size || verb.end + 1 != lead->start) return false;
    /* "chez Marie Dupont", "from Maria Lopez", "to Maria Lopez" are people's */
    if (word_is(lead, "at") || word_is(lead, "en")) return IS_ONE_OF(&verb, stays);
    return name->parts == 1 && IS_ONE_OF(&verb, goes);
}
