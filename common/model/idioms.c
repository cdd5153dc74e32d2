/* The idioms that ship, by language, folded; and how they are found: by their last word's hash,
 * then word by word backwards. */
#include "model/idioms.h"

#include <assert.h>
#include <threads.h>

#include "base/hash.h"
#include "model/topics.h"

static const struct {
    uint32_t languages;
    enum idiom_kind kind;
    const char *phrases; /* parted by commas; "PHRASE ! WORD WORD": not behind one of these words */
} lists[] = {
    {LANGUAGE_EN, IDIOM_PRAISE,
     "to die for,out of this world,second to none,the bee's knees,blew me away,blown away,knocks "
     "it out of the park,"
     "hits the spot,hit the spot,game changer,no brainer,bang for the buck,bang for your buck,like "
     "a charm,like a dream,"
     "worth every penny,worth every cent,a life saver,a lifesaver,couldn't be happier,could not be "
     "happier,couldn't be better,"
     "couldn't be more pleased,what more could you want,what more could i want,what more can i say,"
     "couldn't ask for more,can't fault,cannot fault,can't go wrong,can't "
     "be beat,can't recommend enough,"
     "can't praise enough,can't say enough good,expecting worse,expected worse,top notch,head and "
     "shoulders above,"
     "ticks all the boxes,ticked all the boxes,over the moon,five star,5 star,chef's kiss,hands "
     "down the best,"
     "never looked back,does exactly what it says,does what it says,can't stop using,can't stop "
     "wearing,can't stop eating,can't stop listening,can't stop playing,can't put it down,don't "
     "regret,do not regret,no regrets,haven't regretted,was solved,was resolved,were "
     "solved,were resolved,got fixed,got resolved,been solved,been resolved,been "
     "fixed,solved my problem,solved the problem,fixed my problem,fixed the problem,resolved my "
     "issue,resolved the issue,solved my issue,solved the issue,fixed the issue,never "
     "crashes,never crashed,never freezes,never breaks,never lags,never "
     "let me down,never lets me down"},
    {LANGUAGE_EN, IDIOM_PRAISE, /* what couldn't be more, and never was so much */
     "couldn't have been better,couldn't have been nicer,couldn't have been kinder"
     ",couldn't have been friendlier,couldn't have been happier"
     ",couldn't have been easier,couldn't have been smoother,couldn't have been faster"
     ",couldn't have been quicker,couldn't have been simpler,couldn't have been clearer"
     ",couldn't have been sweeter,couldn't have been more helpful"
     ",couldn't have been more pleased,couldn't have been more welcoming"
     ",couldn't have been more friendly,couldn't have been more accommodating"
     ",couldn't have been more attentive,couldn't have been more patient"
     ",couldn't have been more professional,couldn't have been more comfortable"
     ",couldn't have been more caring,couldn't have been more impressed"
     ",couldn't have been more satisfied,could not have been better"
     ",could not have been nicer,could not have been kinder"
     ",could not have been friendlier,could not have been happier"
     ",could not have been easier,could not have been smoother"
     ",could not have been faster,could not have been quicker"
     ",could not have been simpler,could not have been clearer"
     ",could not have been sweeter,could not have been more helpful"
     ",could not have been more pleased,could not have been more welcoming"
     ",could not have been more friendly,could not have been more accommodating"
     ",could not have been more attentive,could not have been more patient"
     ",could not have been more professional,could not have been more comfortable"
     ",could not have been more caring,could not have been more impressed"
     ",could not have been more satisfied,couldn't be more helpful"
     ",couldn't be more friendly,couldn't be more welcoming"
     ",couldn't be more accommodating,couldn't be more satisfied"
     ",couldn't be more impressed,could not be more helpful,could not be more friendly"
     ",could not be more welcoming,could not be more accommodating"
     ",could not be more satisfied,could not be more impressed,couldn't be nicer"
     ",couldn't be kinder,couldn't be friendlier,couldn't be easier,couldn't be simpler"
     ",could not be nicer,could not be kinder,could not be friendlier"
     ",could not be easier,could not be simpler,could not be better"
     ",could not be more pleased,couldn't do enough,could not do enough,can't do enough"
     ",cannot do enough,could not ask for more,couldn't ask for better"
     ",could not ask for better,couldn't fault,could not fault"
     ",couldn't have asked for more,could not have asked for more"
     ",couldn't have asked for better,could not have asked for better"
     ",never looked better,never felt better,never been better,never been happier"
     ",never been easier,never been so easy,never been so happy,never been so clean"
     ",never been so soft,never been so smooth,never been softer,never been smoother"
     ",never been cleaner,never been simpler,never slept better,never slept so well"
     ",never tasted better,never sounded better,never worked better,never run better"
     ",never run so well,never had it so good,never had such good,never had a better"
     ",never eaten better,never looked so good,never felt so good,no side effects"
     ",without side effects,zero side effects,without any side effects"
     ",no adverse effects"},
    {LANGUAGE_EN, IDIOM_PRAISE, /* nobody is disappointed, and who doubted is convinced */
     "doesn't disappoint,does not disappoint,didn't disappoint,did not disappoint,don't disappoint"
     ",do not disappoint,never disappoint,won't disappoint,never disappoints,never disappointed"
     ",never been disappointed,not disappointed,wasn't disappointed,weren't disappointed"
     ",won't be disappointed,will not be disappointed,not be disappointed,skeptical at first"
     ",sceptical at first,dubious at first,now a convert,a total convert,i'm a convert"},
    {LANGUAGE_EN, IDIOM_SLANG,
     "killer deal,killer price,killer app,killer feature,killer features,killer sound,killer "
     "combo,killer look,killer camera,"
     "killer product,sick deal,sick beat,sick beats,sick bass,sick sound,sick graphics,sick "
     "design,sick game,sick app,"
     "is sick ! he she it child son daughter wife husband mother father dog cat baby everyone "
     "everybody who,"
     "are sick ! they you we who people kids children guests,looks sick ! he she,sounds sick ! "
     "he she,"
     "bad ass,badass,the bomb,is insane ! price fee cost wait time traffic noise queue heat,are "
     "insane ! prices fees costs queues times,insane deal,"
     "insane value,insane quality,insane sound,insane detail,insane battery,insane speed,insanely "
     "good,insanely fast,"
     "wicked good,wicked fast,stupid good,stupidly good,ridiculously good,crazy good,an absolute "
     "beast,"
     "a beast,is dope,are dope"},
    {LANGUAGE_EN, IDIOM_BLAME,
     "arm and a leg,down the drain,leaves a lot to be desired,left a lot to be desired,leave a lot "
     "to be desired,"
     "leaves much to be desired,the last straw,like the plague,good for nothing,going "
     "downhill,gone downhill,"
     "went downhill,is a joke,was a joke,absolute joke,fed up,steer clear,stay away,never "
     "again,highway robbery,daylight robbery,"
     "hit and miss,hit or miss,not worth the paper,a slap in the face,fell on deaf ears,wild goose "
     "chase,"
     "sick of,sick and tired,wanted to love,wanted to like,could be better,could have been "
     "better,expected better,expected more"
     ",could be nicer,could be friendlier,could be more helpful,could be kinder"
     ",could be quicker,could have been nicer,could have been friendlier"
     ",could have been more helpful,could have been kinder,could have been quicker"
     ",not what it used to be,isn't what it used to be,not what it was,isn't what it was"
     ",not as good as it was"},
    {LANGUAGE_EN, IDIOM_EVEN, "could be worse,could have been worse"},
    {LANGUAGE_ES, IDIOM_PRAISE,
     "servicio de diez,trato de diez,atencion de diez,esta de cine,fue de cine,de fabula,una "
     "pasada,una gozada,una maravilla,una delicia,un puntazo,un acierto,"
     "como anillo al dedo,como un guante,como la seda,como un tiro,como un reloj,me quito el "
     "sombrero,"
     "sin ninguna pega,ninguna pega,ni una pega,bueno bonito y barato,con los ojos cerrados,a ojos "
     "cerrados,"
     "que mas se puede pedir,que mas puedo pedir,"
     "no puedo pedir mas,no se puede pedir mas,matricula de honor,chupar los dedos,chuparse los "
     "dedos,chapo,no me arrepiento,no nos arrepentimos,vale lo que cuesta,"
     "problema resuelto,problema solucionado,se resolvio,se soluciono,fue resuelto,fue "
     "solucionado,lo solucionaron,lo resolvieron,lo arreglaron,resolvieron el "
     "problema,solucionaron el problema,nunca falla,nunca fallan,nunca me ha fallado,jamas "
     "falla,nunca se cuelga"
     ",nunca ha estado mejor,nunca he estado mejor,nunca habia dormido tan bien"
     ",nunca he dormido tan bien,nunca he dormido mejor,nunca ha sido tan facil"
     ",nunca habia sido tan facil,nunca ha sido mas facil"
     ",nunca me habia sentido tan bien,nunca me he sentido mejor"
     ",nunca habia comido tan bien,nunca he comido mejor"
     ",no podian haber sido mas amables,no pudieron ser mas amables,no puede ser mejor"
     ",no podia ser mejor,sin efectos secundarios,ningun efecto secundario,repetire"
     ",repetiremos,volvere a comprar,volvere a comprarlo"},
    {LANGUAGE_ES, IDIOM_PRAISE, /* nobody is disappointed, and who doubted is convinced */
     "no decepciona,no decepcionan,no defrauda,no defraudan,no me decepciona,no me ha decepcionado"
     ",no me han decepcionado,no me ha defraudado,no me han defraudado,no nos ha decepcionado"
     ",no nos ha defraudado,no me decepciono,no me defraudo,nunca decepciona,nunca decepcionan"
     ",nunca defrauda,nunca defraudan,nunca me decepciona,nunca me ha decepcionado"
     ",nunca me han decepcionado,nunca me ha defraudado,nunca me han defraudado"
     ",nunca nos ha decepcionado,nunca nos ha defraudado,nunca me decepciono,nunca me defraudo"
     ",jamas decepciona,jamas decepcionan,jamas defrauda,jamas defraudan,jamas me decepciona"
     ",jamas me ha decepcionado,jamas me han decepcionado,jamas me ha defraudado"
     ",jamas me han defraudado,jamas nos ha decepcionado,jamas nos ha defraudado"
     ",jamas me decepciono,jamas me defraudo,esceptico al principio,esceptica al principio"
     ",gratamente sorprendido,gratamente sorprendida,gratamente sorprendidos"},
    {LANGUAGE_ES, IDIOM_SLANG,
     "de muerte ! peligro amenaza amenazas riesgo susto miedo aburrimiento pena causa condena "
     "sentencia,esta de miedo,estan de miedo,"
     "esta de vicio,de puta madre,la hostia,es la leche,es la bomba,que flipas,"
     "te mueres,que te cagas,para morirse,cojonudo,cojonuda,brutal ! crimen asesinato ataque "
     "paliza agresion represion golpe "
     "accidente mas violencia forma,brutales ! ataques asesinatos golpes palizas imagenes,bestial"},
    {LANGUAGE_ES, IDIOM_BLAME,
     "un ojo de la cara,mucho que desear,bastante que desear,gato por liebre,por su ausencia,una "
     "tomadura de pelo,"
     "tomadura de pelo,una porqueria,una birria,una castana,es una patata,un timo,un robo,de "
     "pena,de verguenza,"
     "tirar el dinero,dinero tirado,dinero a la basura,ni regalado,ni regalada,ni regalados,dan "
     "largas,dando largas,"
     "hasta las narices,hasta el gorro,nunca mas,no vuelvo mas,"
     "podria ser mejor,pudo ser mejor,esperaba mas,esperabamos mas,esperaba algo mejor,queria que "
     "me gustara"
     ",ya no es lo que era,ya no son lo que eran,no es lo que era,ahora ya no"
     ",antes si ahora no"},
    {LANGUAGE_ES, IDIOM_EVEN,
     "podria ser peor,podria haber sido peor,pudo ser peor,ni bien ni mal,ni bueno ni malo,ni fu "
     "ni fa"},
    {LANGUAGE_FR, IDIOM_PRAISE,
     "que demander de plus,que demander de mieux,"
     "au top,tip top,nickel,nickel chrome,du tonnerre,les yeux fermes,une merveille,une pepite,un "
     "regal,"
     "coup de coeur,coups de coeur,comme un gant,comme sur des roulettes,comme une horloge,a "
     "tomber par terre,"
     "chapeau bas,aux petits oignons,le top du top,rien a dire,rien a signaler,que du "
     "bonheur,carton plein,fait le job,fait le taf,fait le boulot,ne regrette pas,regrette "
     "pas,regrettons pas,probleme resolu,probleme regle,ete resolu,ete regle,ete resolue,ete "
     "reglee,ont resolu,ont regle,resolu mon probleme,regle mon probleme,resolu le probleme,regle "
     "le probleme,ne plante jamais,jamais plante,ne tombe jamais en panne,ne m'a jamais decu"
     ",jamais aussi bien dormi,jamais si bien dormi,jamais mieux dormi"
     ",jamais aussi bien mange,jamais ete aussi belle,jamais ete aussi beau"
     ",jamais ete aussi douce,jamais ete aussi simple,jamais ete aussi facile"
     ",jamais ete aussi propre,jamais ete aussi content,jamais ete aussi contente"
     ",jamais ete si belle,jamais ete aussi bien,aucun effet secondaire"
     ",sans effet secondaire,sans effets secondaires,pas d'effet secondaire"
     ",pas d'effets secondaires,racheterai,n'aurait pas pu etre mieux"
     ",n'auraient pas pu etre plus gentils"},
    {LANGUAGE_FR, IDIOM_PRAISE, /* nobody is disappointed, and who doubted is convinced */
     "pas decu,pas decue,pas decus,pas decues,jamais decu,jamais decue,jamais decus,jamais decues"
     ",jamais ete decu,jamais ete decue,jamais ete decus,jamais ete decues,decoit pas"
     ",decoit jamais,decoivent pas,decoivent jamais,aucune deception,pas une deception"
     ",sceptique au debut,sceptique au depart,au debut sceptique,au depart sceptique"
     ",agreablement surpris,agreablement surprise,agreablement surprises"},
    {LANGUAGE_FR, IDIOM_SLANG,
     "une tuerie,vraie tuerie,la tuerie,est mortel ! produit accident choc,trop mortel,de ouf,de "
     "fou,de dingue,"
     "ca dechire,ca envoie,ca tue,est a tomber,sont a tomber,"
     "une bombe,une vraie claque,une dinguerie,trop bien"},
    {LANGUAGE_FR, IDIOM_BLAME,
     "laisse a desirer,laissent a desirer,laissait a desirer,jete par les fenetres,par les "
     "fenetres,coute un bras,"
     "les yeux de la tete,la peau des fesses,prise de tete,foutage de gueule,fout de notre "
     "gueule,moque du monde,"
     "se moquer du monde,moquent du monde,poudre aux yeux,une cata,la cata,"
     "a fuir,a eviter,plus jamais,ras le bol,sans queue ni tete,peut mieux faire,"
     "pourrait mieux faire,pourrait etre mieux,attendais a mieux,attendions a mieux,bof"
     ",plus maintenant,plus aujourd'hui,plus ce que c'etait,plus ce qu'elle etait"
     ",plus ce qu'il etait,j'adorais,nous adorions"},
    {LANGUAGE_FR, IDIOM_EVEN,
     "pourrait etre pire,aurait pu etre pire,pas mal de,pas mal des,ni bien ni mal,ni bon ni "
     "mauvais"},
};

static struct str last_word(struct str phrase)
{
    size_t from = phrase.size;
    while (from && phrase.data[from - 1] != ' ') from--;
    return str_slice(phrase, from, phrase.size);
}

/* "PHRASE ! WORDS": leaves the phrase in *entry, without what follows; these words. */
static struct str cut_exceptions(struct str *entry)
{
    size_t mark = str_find(*entry, STR(" ! "));
    if (mark >= entry->size) return (struct str){0};
    struct str words = str_slice(*entry, mark + 3, entry->size);
    *entry = str_slice(*entry, 0, mark);
    return words;
}

void idioms_each_last(void (*enter)(void *user, struct str word), void *user)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (struct str rest = str_of(lists[i].phrases); rest.size;) {
            struct str entry = str_cut(&rest, ',');
            cut_exceptions(&entry);
            enter(user, last_word(entry));
        }
}

/* 0 of a word with an apostrophe, too: texts have typographic ones. */
static uint64_t hash_before_last(struct str phrase)
{
    struct str last = last_word(phrase);
    if (last.size == phrase.size) return 0;
    struct str before = last_word(str_slice(phrase, 0, phrase.size - last.size - 1));
    return str_find(before, STR("'")) < before.size ? 0 : hash_word(before);
}

/* The token is the word, whichever apostrophe stands in it. */
static bool is_word(const struct token *token, struct str word)
{
    struct str folded = token->folded;
    if (!token->apostrophe || str_equal(word, folded)) return str_equal(word, folded);
    size_t mark = str_find(word, STR("'"));
    size_t rest = word.size - mark - 1, typographic = sizeof "\xe2\x80\x99" - 1;
    return mark < word.size && folded.size == word.size - 1 + typographic &&
           memcmp(folded.data, word.data, mark) == 0 &&
           memcmp(folded.data + mark, "\xe2\x80\x99", typographic) == 0 &&
           memcmp(folded.data + folded.size - rest, word.data + mark + 1, rest) == 0;
}

/* Those whose last words fall into bucket b are items[starts[b]] to items[starts[b + 1] - 1], in
 * the order of the lists. */
enum { IDIOMS_MAX = 1024, BUCKETS = 1024, SIEVE_WORDS = 256 };
struct idiom {
    struct str phrase, exceptions;
    uint64_t last, before; /* hashes of the last word and the one before; 0: any, or none */
    uint32_t languages;
    enum idiom_kind kind;
};
static struct idioms {
    struct idiom items[IDIOMS_MAX];
    uint16_t starts[BUCKETS + 1];
    /* bits of what they and grades end with, by sieve_of(): as many as let few words through by
     * chance */
    uint64_t sieve[SIEVE_WORDS];
} idioms;
static once_flag once = ONCE_FLAG_INIT;

/* Of an idiom's last word and the one before, 0 where that may be any. */
static uint32_t sieve_of(uint64_t last, uint64_t before)
{
    return (uint32_t)(last ^ before * 3) % (64 * SIEVE_WORDS);
}

static void let_through(uint64_t last, uint64_t before)
{
    uint32_t bit = sieve_of(last, before);
    idioms.sieve[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void build(void)
{
    static struct idiom unsorted[IDIOMS_MAX];
    uint16_t at[BUCKETS] = {0}, sorted = 0;
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (struct str rest = str_of(lists[i].phrases); rest.size;) {
            struct str phrase = str_cut(&rest, ','), exceptions = cut_exceptions(&phrase);
            assert(count < IDIOMS_MAX);
            unsorted[count++] = (struct idiom){
                phrase, exceptions, hash_word(last_word(phrase)), hash_before_last(phrase),
                lists[i].languages, lists[i].kind};
        }
    for (uint32_t i = 0; i < count; i++) {
        let_through(unsorted[i].last, unsorted[i].before);
        at[unsorted[i].last % BUCKETS]++;
    }
    for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
        idioms.starts[bucket] = sorted;
        sorted = (uint16_t)(sorted + at[bucket]);
        at[bucket] = idioms.starts[bucket];
    }
    idioms.starts[BUCKETS] = sorted;
    for (uint32_t i = 0; i < count; i++)
        idioms.items[at[unsorted[i].last % BUCKETS]++] = unsorted[i];
    for (struct str rest = STR(IDIOM_GRADES); rest.size;)
        let_through(hash_word(str_cut(&rest, ' ')), 0);
}

const struct idioms *idioms_open(void)
{
    call_once(&once, build);
    return &idioms;
}

static bool is_listed(struct str words, struct str word)
{
    while (words.size)
        if (str_equal(str_cut(&words, ' '), word)) return true;
    return false;
}

/* Bytes of the phrase's last word, if the token is that word; else 0. */
static size_t ends_with(struct str phrase, const struct token *token)
{
    struct str word = token->folded;
    if (token->apostrophe) {
        word = last_word(phrase);
        return is_word(token, word) ? word.size : 0;
    }
    bool ends = str_ends(phrase, word) &&
                (word.size == phrase.size || phrase.data[phrase.size - word.size - 1] == ' ');
    return ends ? word.size : 0;
}

/* The phrase's words stand behind one another and end at token `at`;
 * its first token, or UINT32_MAX. */
static uint32_t begins_at(const struct tokens *tokens, uint32_t first, uint32_t at,
                          struct str phrase)
{
    for (uint32_t i = at;; i--) {
        const struct token *token = &tokens->items[i];
        size_t bytes = ends_with(phrase, token);
        if (!bytes) return UINT32_MAX;
        if (bytes == phrase.size) return i;
        if (i == first || token->clause_before) return UINT32_MAX;
        phrase = str_slice(phrase, 0, phrase.size - bytes - 1);
    }
}

bool idiom_may_end(const struct idioms *all, const struct tokens *tokens, uint32_t at)
{
    uint64_t last = tokens->items[at].hash, before = at ? tokens->items[at - 1].hash : 0;
    uint32_t one = sieve_of(last, 0), both = sieve_of(last, before);
    return (all->sieve[one / 64] >> one % 64 | all->sieve[both / 64] >> both % 64) & 1;
}

enum idiom_kind idiom_at(const struct idioms *all, const struct tokens *tokens, uint32_t first,
                         uint32_t at, uint32_t languages, uint32_t *ret_from)
{
    uint64_t hash = tokens->items[at].hash, before = at ? tokens->items[at - 1].hash : 0;
    uint64_t bucket = hash % BUCKETS;
    for (uint32_t i = all->starts[bucket]; i < all->starts[bucket + 1]; i++) {
        const struct idiom *idiom = &all->items[i];
        /* one branch, which nearly always goes on: one on the last word alone can't be foreseen */
        uint64_t differs = (idiom->last ^ hash) | (idiom->before && idiom->before != before);
        if (differs | !(idiom->languages & languages)) continue;
        uint32_t from = begins_at(tokens, first, at, idiom->phrase);
        if (from == UINT32_MAX) continue;
        if (from > first && is_listed(idiom->exceptions, tokens->items[from - 1].folded)) continue;
        *ret_from = from;
        return idiom->kind;
    }
    return IDIOM_NONE;
}
