/* "My order arrived yesterday", "Je l'ai acheté pour ma fille en mars": what was bought or came,
 * when, where and for whom. It neither feels nor reports a problem, though complaints begin so. */
#include <threads.h>

#include "model/elision.h"
#include "model/insight/internal.h"
#include "model/word_table.h"

enum { FACT_WORDS_MIN = 2, FACT_WORDS_MAX = 10, SLOT_BITS = 9 };

/* Folded. No numbers: of two one came. */
static const char words[] =
    "a an and arrived at birthday bought brother by came christmas dad daughter delivered father "
    "for friend from gift got has have husband i in it item items last mine month mother mum my of "
    "on online order ordered our package parcel present product purchase purchased received sister "
    "son store that the them these this those to today was we week were wife year yesterday "
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december "
    "al amigo articulo ayer compramos compre comprado cumpleanos de del el en enero febrero marzo "
    "abril mayo junio julio agosto septiembre octubre noviembre diciembre ha han he hemos hermana "
    "hermano hija hijo hoy la las llegado llegaron llego lo los lunes martes miercoles jueves "
    "viernes sabado domingo madre marido me mes mi mis mujer navidad nuestro padre paquete para "
    "pasada pasado pedi pedido por producto recibi recibido recibimos regalo semana tienda un una y "
    "achete achetee ai ami amie anniversaire article au aujourd'hui avons cadeau colis commande "
    "commandee derniere dernier du elle est et femme fille fils frere hier il je le les livre livree "
    "ma magasin mari matin mere mon noel notre nous pere pour produit recu recue "
    "arrive arrivee soeur lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars "
    "avril juin juillet aout octobre novembre decembre";

static struct word_slot slots[1 << SLOT_BITS];
static once_flag once = ONCE_FLAG_INIT;

static void build(void) { word_slots_enter(slots, SLOT_BITS, words, 1); }

void reading_open_facts(void) { call_once(&once, build); }

static bool is_fact(const struct token *token)
{
    if (word_slot(slots, SLOT_BITS, token->hash)->bits) return true;
    return token->apostrophe && word_slot(slots, SLOT_BITS, token_bare_hash(token))->bits;
}

bool reading_tells_facts(const struct reading *reading, uint32_t first, uint32_t last)
{
    uint32_t numbers = 0;
    if (last - first < FACT_WORDS_MIN || last - first > FACT_WORDS_MAX) return false;
    for (uint32_t at = first; at < last; at++) {
        const struct token *token = &reading->tokens->items[at];
        if (token->kind == TOKEN_NUMBER ? numbers++ > 0 : !is_fact(token)) return false;
    }
    return true;
}
