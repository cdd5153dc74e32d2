/* The lists, in English, Spanish and French, folded; and their table. */
#include "model/words.h"

#include <assert.h>
#include <threads.h>

#include "base/hash.h"
#include "model/insight/idioms.h"

static const struct {
    uint32_t set;
    const char *words; /* parted by blanks */
} lists[] = {
    {WORD_NEGATOR,
     "aint arent aucun aucune barely cannot cant couldnt didnt doesnt dont guere hadnt hardly "
     "hasnt "
     "havent isnt jamais jamas lacks nada nadie ne neither never ni ningun ninguna ninguno no "
     "nobody none "
     "nor not nothing nunca pas rien sans scarcely shouldnt sin tampoco wasnt werent without wont "
     "wouldnt"},
    {WORD_TURN,
     "although aunque bemol but cependant desgraciadamente dommage except hormis however "
     "lamentablemente "
     "lastima mais malheureusement pero pourtant salvo though toutefois unfortunately yet"},
    {WORD_FILLER,
     "ademas alors also and aussi bonjour bonsoir buenas but dear donc et hello hey hi hola "
     "however mais "
     "pero please pls salut so svp tambien well y"},
    {WORD_ONCE, "antes antiguamente auparavant avant before formerly previously solia used"},
    {WORD_COURTESY,
     "a accord acuerdo again all alright antemano avance advance beaucoup bonjour cheers d'accord "
     "d'avance de everyone for gracias hello hey hi hola in lot lots many merci mil muchas noted "
     "of ok okay oki por reply reponse respuesta su thank thanks thx tous ty vale votre you your "
     "adios bye cordialement do essayer goodbye i'll it j'essaie je l'essayer lo probare regards "
     "saludos that try vais will ras"},
    {WORD_JOIN, "and e et mientras or ou plus tandis though u whereas while y"},
    {WORD_BAD,
     "bad cara caras caro caros cher chere cheres chers complain complaint complaints expensive "
     "mal mala malas malo malos "
     "mauvais mauvaise mauvaises overpriced plaindre plainte plaintes queja "
     "quejar quejarme quejas redire reprocher "
     /* what hurts, or doesn't any more */
     "ache aches hurt hurts pain pains dolor dolores douleur douleurs duele duelen "
     /* what a remedy may do to one */
     "breakouts d'allergie d'allergies d'irritation d'irritations d'urticaire irritacion "
     "irritaciones irritation irritations itch itchiness itching picazon picor picores rash rashes "
     "redness rojeces rougeur rougeurs sarpullido catastrofico catastrophique"},
    {WORD_LINK,
     "a as aussi de es esta estan estuvo half hay me real si so tan tengo that to too trop un una "
     "une very"},
    /* The needs model learnt on reviews of apps; these carry over to the rest. */
    {WORD_WISH,
     "add added adding agradeceria agregar agreguen aimerais aimerait ajout ajouter ajoutez allow "
     "anadan "
     "anadid anadir bring consider convendria could deberia deberian devraient devrait "
     "dommage echo "
     "encantaria estaria falta faltan faudrait feature gustaria hagan hope hopefully implement "
     "improve "
     "include incluir incluyan instead lack lacking lacks manque manquent mejorar mettez miss "
     "missing "
     "necesita necesitamos necesito need needs ojala opcion option pediria permettre permitan "
     "please "
     "poder podria podrian pon pongan possibilite pourraient pourrait pourriez pouvez pouvoir "
     "prevoir "
     "propongo quiero quisiera serait seria should souhaitable souhaite souhaiterais sugerencia "
     "suggere "
     "suggest suggestion sugiero tuviera veux voudrais want wish would"},
    /* "An item is missing" reports a problem, "an option is missing" is a wish. */
    {WORD_LACK,
     "falta faltaba faltaban faltado faltan falto faltaron manquait manquaient manquant manquante "
     "manquantes manquants manque manquent missing"},
    {WORD_GOODS,
     "article articles articulo articulos bag bolsa boite bottle bottles bouteille bouteilles box "
     "caja carton colis commande delivery entrega envio item items livraison order package "
     "packet pack paquet paquete paquetes parcel parcels part parts pedido piece pieces pieza "
     "piezas produit produits product products producto productos sac screw screws tornillo "
     "tornillos vis"},
    {WORD_ABILITY,
     "ability app appli application aplicacion boton bouton button capability categorie category "
     "export feature features filter filters filtre filtres filtro filtros fonction "
     "fonctionnalite fonctionnalites fonctions funcion funcionalidad funciones function functions "
     "mode modo opcion opciones option options poder posibilidad possibilite possibility pouvoir "
     "screen seguimiento setting settings suivi tracking widget"},
    {WORD_ASK,
     "alguien anyone combien comment como could cual cuando cuanto do does donde explain expliquer "
     "explicar how know pourquoi puedo pueden puis quel quelle quelles quels quelqu'un quien saben "
     "saber savoir tell what when where which who why wonder wondering"},
    {WORD_IDIOM, IDIOM_GRADES}, /* insight/idioms.c says the rest */
    {WORD_UNWISH,
     "aimerais bravo could deberia devrais dois dommage gracias gustaria if like merci necesito "
     "need ojala please podria pourrais pourrait pouvais pudiera quiero quisiera send should shout "
     "shoutout souhaite souhaiterais star stars thanks veux voudrais want wish would"},
    {WORD_IDLE,
     "a absolute absolutely again am android appalling arnaque atroz au awful avoid awfully bad "
     "complete completely de del deception decepcion decepcionado decepcionada decepcionante decu "
     "decue decevant desastre dinero disappointed disappointing disappointment disaster disgrace "
     "disgraceful disgusting dreadful en encore es est estafa everyone fatal for galaxy garbage "
     "honteux horrible horrid i i'm im inacceptable inaceptable inadmisible inadmissible ios ipad "
     "iphone is it it's joke jamais lamentable lamentablement mal malisimo mas money nada never "
     "nightmare nul nulle nunca of on once otra oui outrageous pathetic penoso perdida pesimo pixel "
     "plus poor que rubbish ridicule ridiculo ridiculous samsung scandaleux shame shocking "
     "simplement so sur tan the this tiempo terrible time total totally tout trash tres un una "
     "unacceptable une unbelievable useless v version vergonzoso very vez waste what windows with "
     "worst you"},
};

static struct words words;
static once_flag once = ONCE_FLAG_INIT;

/* All words, before they have slots; places: of each, 1 more, from its hash on. */
struct entering {
    uint64_t hashes[1 << WORDS_SLOT_BITS];
    uint32_t sets[1 << WORDS_SLOT_BITS], count;
    uint16_t places[2 << WORDS_SLOT_BITS];
};

static void enter(struct entering *entering, struct str word, uint32_t set)
{
    uint64_t hash = hash_word(word);
    uint32_t i = (uint32_t)hash % (2 << WORDS_SLOT_BITS);
    assert(set <= UINT16_MAX);
    while (entering->places[i] && entering->hashes[entering->places[i] - 1] != hash)
        i = (i + 1) % (2 << WORDS_SLOT_BITS);
    if (!entering->places[i]) {
        assert(entering->count < 1 << WORDS_SLOT_BITS);
        entering->hashes[entering->count++] = hash;
        entering->places[i] = (uint16_t)entering->count;
    }
    entering->sets[entering->places[i] - 1] |= set;
}

static void enter_idiom(void *entering, struct str word)
{
    enter(entering, word, WORD_IDIOM);
}

static void build(void)
{
    static struct entering entering;
    static uint32_t
        scratch[PERFECT_SCRATCH(1 << WORDS_SLOT_BITS, WORDS_BUCKET_BITS, WORDS_SLOT_BITS)];
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct str rest = str_of(lists[i].words); rest.size;)
            enter(&entering, str_cut(&rest, ' '), lists[i].set);
    idioms_each_last(enter_idiom, &entering);
    bool built = perfect_build(entering.hashes, entering.count, WORDS_BUCKET_BITS, WORDS_SLOT_BITS,
                               words.factors, scratch);
    assert(built); /* else there are too many words for so few slots */
    for (uint32_t i = 0; i < entering.count; i++)
        words.slots[words_slot(&words, entering.hashes[i])] =
            (entering.hashes[i] & ~(uint64_t)UINT16_MAX) | entering.sets[i];
}

const struct words *words_open(void)
{
    call_once(&once, build);
    return &words;
}
