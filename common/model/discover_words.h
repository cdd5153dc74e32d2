/* Words that are no topic, by language; folded. */
#ifndef VERBATIM_MODEL_DISCOVER_WORDS_H
#define VERBATIM_MODEL_DISCOVER_WORDS_H

#include "model/topics.h"

/* Stop words: no phrase begins or ends with them. */
static const struct {
    uint32_t language;
    const char *words;
} stop_words[] = {
    {LANGUAGE_EN,
     "a about above after again all also always am an and another any anyone anything are around "
     "as at back be because "
     "been before being between both but by can can't cannot could couldn't did didn't do does "
     "doesn't doing don't done "
     "down during each either else even ever every few for from get gets getting give go goes "
     "going gone got had has "
     "hasn't have haven't having he her here hers him his how however i i'd i'll i'm i've if im in "
     "into is isn't it it's "
     "its itself just keep kept know last let like little lot made make makes many may maybe me "
     "might mine more most much "
     "must my myself need needs never no none nor not nothing now of off on once one only onto or "
     "other others our out "
     "over own per please put quite rather really same say see seems she should shouldn't since so "
     "some someone "
     "something still such take than thanks that that's the their them then there there's these "
     "they they're thing "
     "things think this those though through till to too took two under until up upon us use used "
     "using very was wasn't "
     "way we well went were what when where which while who whole why will with within without "
     "won't would wouldn't "
     "yes yet you you're your yours"},
    {LANGUAGE_ES,
     "a al algo alguien algun alguna algunas algunos ahora ademas ante antes aqui asi aun aunque "
     "bien cada casi como con "
     "cosa cosas cual cuales cuando cuanto de del desde donde dos durante e el ella ellas ellos en "
     "entre era eran es esa "
     "esas ese eso esos esta estaba estan estas este esto estos estoy fue fueron gracias ha haber "
     "habia hace hacen hacer "
     "han hasta hay he hice la las le les lo los luego mas me mi mis mucha muchas mucho muchos muy "
     "nada ni no nos "
     "nosotros nuestra nuestro nunca o os otra otras otro otros para pero poco por porque pues "
     "puede pueden puedo que "
     "quien se sea sean ser si siempre sin sobre solo son soy su sus tal tambien tan tanto te "
     "tenemos tener tengo ti "
     "tiene tienen todas todavia todo todos tu tus un una unas uno unos va vez veces y ya yo"},
    {LANGUAGE_FR,
     "a afin ai ainsi alors apres as assez au aucun aucune aussi autre autres aux avait avant avec "
     "avez avoir avons bien "
     "car ce cela celle celui ces cet cette ceux chaque chez chose choses ca comme comment d dans "
     "de deja depuis des "
     "deux donc dont du elle elles en encore entre est et etaient etait ete etes etre eu fait "
     "faire faut fois ici il ils "
     "j je juste l la le les leur leurs lors lui m ma mais me meme mes merci moi moins mon n ne ni "
     "nos notre nous on ont "
     "ou par parce pas peu peut peux plus plusieurs pour pourquoi puis qu quand que quel quelle "
     "quelque qui quoi rien s "
     "sa sans se sera ses si son sont souvent suis sur t ta te tes toi ton toujours tous tout "
     "toute toutes tres trop tu "
     "un une va vers voila vos votre vous vraiment y"},
};

/* Alone they say how it is, not what; within a longer phrase they may stand. */
static const char generic_words[] =
    "amazing aplicacion app appli application awesome bad best better bon bonne bueno buena buy "
    "bought comprar compre "
    "cool day days disappointed dia dias easy excelente excellent facil fantastic fine good great "
    "happy hard hate "
    "horrible jour jours love loved mal malo mala mejor mieux month months nice ok okay people "
    "perfect perfecto "
    "parfait producto product produit recommend recomiendo recommande super terrible time times "
    "top week weeks work "
    "worked working works worse worst year years ano anos ans genial mauvais mauvaise encanta "
    "adore aime gusta";

#endif
