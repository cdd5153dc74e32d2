/* "[PERSON] [PHONE]", "date of birth [DATE_OF_BIRTH]", "rappelez-moi au [PHONE]", "booking ref
 * X7KQ2M": how to reach the writer, and what a form wants to know. */
#include <threads.h>

#include "base/ascii.h"
#include "model/elision.h"
#include "model/insight/internal.h"
#include "model/word_table.h"

enum { SLOT_BITS = 9, PLACEHOLDER_BYTES_MAX = 24 };

/* Folded: of contact and forms; and those that stand between. */
static const char contact[] =
    "account address birth booking born call callback called card case code contact date dob email "
    "exp expires fax iban id invoice lives login lot mail mobile model name number phone reach "
    "reachable ref reference regards ring serial sincerely sort store text ticket version visa "
    "mastercard ending reply write written client customer member policy postcode zip caja calle "
    "cel celular codigo contactar contacto contactenme correo cuenta cliente poliza postal "
    "responder titular dni domicilio direccion escribanme factura fecha llamad llamadme llame "
    "llamen llamenme llameme lote movil nacimiento nombre numero referencia saludo saludos serie "
    "tarjeta telefono tel tienda vivo adresse appelez cordialement carte compte contrat ecrire "
    "repondre titulaire contacter contactez courriel dossier facture joignable joindre naissance "
    "nom portable rappeler rappelez salutations telephone";
static const char between[] =
    "a al am an and as at au aux by de del des du el en est et for from h his i il in is it je "
    "kind la las le les lo los ma me mes mi mis moi mon my no o of on or ou para per por pour "
    "que se su sur the to un una une with y your best apres after antes before desde entre mr "
    "mrs ms m mme sr sra senor senora are this each time soy suis nous we our us back later "
    "evening evenings morning mornings weekday weekdays any some if can could would please "
    "between noche tarde manana tardes mananas lunes viernes partir cualquier dia dias puede "
    "pueden pueda matin soir midi jour jours heure heures hora horas hours pm pouvez vous si was "
    "only porfavor favor gracias merci thanks thank you monday tuesday wednesday thursday friday "
    "weekend";

enum { CONTACT = 1, BETWEEN = 2 };
static struct word_slot slots[1 << SLOT_BITS];
static once_flag once = ONCE_FLAG_INIT;

static void build(void)
{
    word_slots_enter(slots, SLOT_BITS, between, BETWEEN);
    word_slots_enter(slots, SLOT_BITS, contact, CONTACT);
}

void reading_open_contact(void) { call_once(&once, build); }

static uint32_t said_of(const struct token *token)
{
    uint32_t bits = word_slot(slots, SLOT_BITS, token->hash)->bits;
    if (bits || !token->apostrophe) return bits;
    return word_slot(slots, SLOT_BITS, token_bare_hash(token))->bits;
}

/* Behind the placeholder that begins with token `at`, the first token; `at`: none begins there. */
static uint32_t behind_placeholder(const struct reading *reading, uint32_t at, uint32_t last)
{
    const struct token *tokens = reading->tokens->items;
    struct str text = reading->text;
    size_t end = tokens[at].end, most = tokens[at].start + PLACEHOLDER_BYTES_MAX;
    if (!tokens[at].upper || !tokens[at].start || text.data[tokens[at].start - 1] != '[') return at;
    while (end < text.size && end < most &&
           (text.data[end] == '_' || ascii_is_upper(text.data[end])))
        end++;
    if (end == text.size || text.data[end] != ']') return at;
    while (at < last && tokens[at].start < end) at++;
    return at;
}

static bool holds_digit(struct str text, const struct token *token)
{
    for (size_t i = token->start; i < token->end; i++)
        if (ascii_is_digit(text.data[i])) return true;
    return false;
}

bool reading_is_contact(const struct reading *reading, uint32_t first, uint32_t last)
{
    uint32_t named = 0, hidden = 0, figures = 0;
    for (uint32_t at = first, next; at < last; at = next) {
        const struct token *token = &reading->tokens->items[at];
        next = behind_placeholder(reading, at, last);
        hidden += next > at;
        if (next > at) continue;
        next = at + 1;
        uint32_t bits = said_of(token);
        bool idle = bits || reading->features.sets[at] & (WORD_FILLER | WORD_COURTESY),
             figure = !idle && holds_digit(reading->text, token);
        if (!idle && !figure) return false;
        figures += figure;
        named += (bits & CONTACT) != 0;
    }
    return (hidden || (named && figures)) &&
           !(reading_sets(reading, first, last) & (WORD_NEGATOR | WORD_LACK | WORD_BAD));
}
