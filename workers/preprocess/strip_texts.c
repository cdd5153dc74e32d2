/* One text at a time: by the name that it stands under, or by what is in it. */
#include "workers/preprocess/strip_texts.h"

#include "base/ascii.h"
#include "base/hash.h"
#include "text/redact.h"

/* --- attributes, by name ---------------------------------------------------------------------- */

enum { NAME_BYTES = 48, HASHED = REDACT_KIND_COUNT };

/* Names as callers write them, without "_", "-", "." and blanks, in lower case. */
static const struct named {
    uint32_t kind; /* HASHED: numbers people */
    const char *names;
} named[] = {
    {REDACT_PERSON,
     "name fullname firstname lastname givenname familyname surname username user author reviewer "
     "nickname contactname customername "
                    "nombre apellido apellidos nombrecompleto usuario nom prenom nomcomplet "
                    "utilisateur auteur"},
    {REDACT_EMAIL,
     "email mail emailaddress customeremail useremail contactemail correo correoelectronico "
     "courriel adressemail"},
    {REDACT_PHONE,
     "phone phonenumber telephone tel mobile mobilephone customerphone contactphone cell fax "
     "whatsapp telefono movil celular portable"},
    {REDACT_ADDRESS,
     "address street streetaddress postcode postalcode zip zipcode billingaddress shippingaddress "
     "direccion domicilio codigopostal adresse codepostal"},
    {REDACT_DATE_OF_BIRTH,
     "dob birthdate birthday dateofbirth fechanacimiento fechadenacimiento datenaissance "
     "datedenaissance"},
    {REDACT_NATIONAL_ID,
     "ssn socialsecuritynumber dni nie nif nir nino curp rfc passport passportnumber nationalid "
     "taxid pasaporte passeport"},
    {REDACT_IBAN, "iban"},
    {REDACT_CARD, "card cardnumber creditcard pan tarjeta carte"},
    {REDACT_ACCOUNT, "account accountnumber bankaccount cuenta compte"},
    {REDACT_IP, "ip ipaddress clientip remoteaddr"},
    {REDACT_SECRET, "password passwd token accesstoken apikey secret session cookie authorization"},
    {HASHED,
     "customer customerid userid clientid memberid contactid accountid patientid deviceid "
     "visitorid sessionid cookieid anonymousid advertisingid "
             "idcliente idusuario clienteid usuarioid idclient"},
};

/* False: the name is none of the list. */
static bool kind_by_name(struct str name, uint32_t *ret_kind)
{
    char plain[NAME_BYTES];
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (c == '_' || c == '-' || c == '.' || c == ' ') continue;
        if (size == sizeof plain) return false;
        plain[size++] = ascii_lower(c);
    }
    for (size_t i = 0; size && i < sizeof named / sizeof *named; i++)
        for (struct str rest = str_of(named[i].names); rest.size;)
            if (str_equal(str_cut(&rest, ' '), str_make(plain, size)))
                return *ret_kind = named[i].kind, true;
    return false;
}

static struct str placeholder(uint32_t kind)
{
#define PLACEHOLDER(code) "[" #code "]",
    static const char *const placeholders[] = {REDACT_KINDS(PLACEHOLDER)};
#undef PLACEHOLDER
    return str_of(placeholders[kind]);
}

/* --- texts ------------------------------------------------------------------------------------ */

static int redact(struct str *text, const char *language, struct arena *arena, struct err *err)
{
    struct redacted redacted;
    int rc = text_redact(*text, language, arena, &redacted, err);
    if (rc == E_OK) *text = redacted.text;
    return rc;
}

/* A catalogue's words: what is found by names alone is no customer. */
int strip_surely(struct str *text, const char *language, struct arena *arena, struct err *err)
{
    struct redacted redacted;
    int rc = text_redact(*text, language, arena, &redacted, err);
    if (rc) return rc;
    bool sure = false;
    for (uint32_t i = 0; i < redacted.count; i++)
        sure |= redacted.items[i].kind != REDACT_PERSON && redacted.items[i].kind != REDACT_ADDRESS;
    if (sure) *text = redacted.text;
    return E_OK;
}

int strip_known(struct str *text, const char *language, struct strip_known *known,
                struct arena *arena, struct err *err)
{
    struct str tag = str_of(language), before = *text;
    if (!text->size || text->size > sizeof known->slots->bytes ||
        tag.size >= sizeof known->slots->language)
        return strip_surely(text, language, arena, err);
    size_t at = hash_fast(*text, (uint8_t)tag.data[0]) % STRIP_KNOWN_SLOTS;
    bool same = str_equal(*text, str_make(known->slots[at].bytes, known->slots[at].size));
    if (same && str_equal(tag, str_of(known->slots[at].language))) return E_OK;
    int rc = strip_surely(text, language, arena, err);
    if (rc || !str_equal(*text, before)) return rc;
    known->slots[at].size = (uint8_t)before.size;
    memcpy(known->slots[at].language, tag.data, tag.size + 1);
    memcpy(known->slots[at].bytes, before.data, before.size);
    return E_OK;
}

/* With its name before it, a value is judged as in a sentence: "order id:
 * 4012345678" is no phone. */
static int redact_named(struct str name, struct str *value, const char *language,
                        struct arena *arena, struct err *err)
{
    struct str line = arena_printf(arena, "%.*s: %.*s", STR_ARGS(name), STR_ARGS(*value));
    char *own = (char *)line.data; /* our own copy */
    size_t prefix = name.size + 2;
    struct redacted redacted;
    if (!own) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < name.size; i++)
        if (own[i] == '_' || own[i] == '-' || own[i] == '.') own[i] = ' ';
    int rc = text_redact(line, language, arena, &redacted, err);
    if (rc) return rc;
    if (!str_starts(redacted.text, str_slice(line, 0, prefix)))
        return redact(value, language, arena, err);
    if (redacted.count) *value = str_slice(redacted.text, prefix, redacted.text.size);
    return E_OK;
}

int strip_value(struct str name, struct str *value, const struct pseudonym *pseudonym,
                const char *language, struct arena *arena, struct err *err)
{
    uint32_t kind;
    if (!kind_by_name(name, &kind)) return redact_named(name, value, language, arena, err);
    *value = kind == HASHED ? pseudonym_of(pseudonym, *value, arena) : placeholder(kind);
    return value->data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

bool strip_is_personal(struct str name)
{
    uint32_t kind;
    return kind_by_name(name, &kind);
}
