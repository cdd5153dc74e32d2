/* Takes personal data out of the fields around the text. */
#include "workers/preprocess/strip.h"

#include "text/redact.h"

/* --- attributes, by name ------------------------------------------------------------------------ */

enum { NAME_BYTES = 48, HASHED = REDACT_KIND_COUNT };

/* Names as callers write them, without "_", "-", "." and blanks, in lower case. */
static const struct named {
    uint32_t kind; /* HASHED: numbers people */
    const char *names;
} named[] = {
    {REDACT_PERSON, "name fullname firstname lastname givenname familyname surname username user author reviewer nickname contactname customername "
                    "nombre apellido apellidos nombrecompleto usuario nom prenom nomcomplet utilisateur auteur"},
    {REDACT_EMAIL, "email mail emailaddress customeremail useremail contactemail correo correoelectronico courriel adressemail"},
    {REDACT_PHONE, "phone phonenumber telephone tel mobile mobilephone customerphone contactphone cell fax whatsapp telefono movil celular portable"},
    {REDACT_ADDRESS, "address street streetaddress postcode postalcode zip zipcode billingaddress shippingaddress direccion domicilio codigopostal adresse codepostal"},
    {REDACT_DATE_OF_BIRTH, "dob birthdate birthday dateofbirth fechanacimiento fechadenacimiento datenaissance datedenaissance"},
    {REDACT_NATIONAL_ID, "ssn socialsecuritynumber dni nie nif nir nino curp rfc passport passportnumber nationalid taxid pasaporte passeport"},
    {REDACT_IBAN, "iban"},
    {REDACT_CARD, "card cardnumber creditcard pan tarjeta carte"},
    {REDACT_ACCOUNT, "account accountnumber bankaccount cuenta compte"},
    {REDACT_IP, "ip ipaddress clientip remoteaddr"},
    {REDACT_SECRET, "password passwd token accesstoken apikey secret session cookie authorization"},
    {HASHED, "customer customerid userid clientid memberid contactid accountid patientid deviceid visitorid sessionid cookieid anonymousid advertisingid "
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
        plain[size++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    for (size_t i = 0; size && i < sizeof named / sizeof *named; i++)
        for (struct str rest = str_of(named[i].names); rest.size;)
            if (str_equal(str_cut(&rest, ' '), str_make(plain, size))) return *ret_kind = named[i].kind, true;
    return false;
}

static struct str placeholder(uint32_t kind)
{
#define PLACEHOLDER(code) "[" #code "]",
    static const char *const placeholders[] = {REDACT_KINDS(PLACEHOLDER)};
#undef PLACEHOLDER
    return str_of(placeholders[kind]);
}

/* --- texts ------------------------------------------------------------------------------------------ */

static int redact(struct str *text, const char *language, struct arena *arena, struct err *err)
{
    struct redacted redacted;
    int rc = text_redact(*text, language, arena, &redacted, err);
    if (rc == E_OK) *text = redacted.text;
    return rc;
}

/* A catalogue's words: what is found by names alone is no customer. */
static int redact_surely(struct str *text, const char *language, struct arena *arena, struct err *err)
{
    struct redacted redacted;
    int rc = text_redact(*text, language, arena, &redacted, err);
    if (rc) return rc;
    bool sure = false;
    for (uint32_t i = 0; i < redacted.count; i++) sure |= redacted.items[i].kind != REDACT_PERSON && redacted.items[i].kind != REDACT_ADDRESS;
    if (sure) *text = redacted.text;
    return E_OK;
}

/* With its name before it, a value is judged as in a sentence: "order id: 4012345678" is no phone. */
static int redact_value(struct str_pair *attribute, const char *language, struct arena *arena, struct err *err)
{
    struct str line = arena_printf(arena, "%.*s: %.*s", STR_ARGS(attribute->name), STR_ARGS(attribute->value));
    char *name = (char *)line.data; /* our own copy */
    size_t prefix = attribute->name.size + 2;
    struct redacted redacted;
    if (!name) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < attribute->name.size; i++)
        if (name[i] == '_' || name[i] == '-' || name[i] == '.') name[i] = ' ';
    int rc = text_redact(line, language, arena, &redacted, err);
    if (rc) return rc;
    if (!str_starts(redacted.text, str_slice(line, 0, prefix))) return redact(&attribute->value, language, arena, err);
    if (redacted.count) attribute->value = str_slice(redacted.text, prefix, redacted.text.size);
    return E_OK;
}

static int strip_attribute(struct str_pair *attribute, const struct pseudonym *pseudonym, const char *language,
                           struct arena *arena, struct err *err)
{
    uint32_t kind;
    if (!kind_by_name(attribute->name, &kind)) {
        int rc = redact_value(attribute, language, arena, err);
        return rc ? rc : redact_surely(&attribute->name, language, arena, err);
    }
    attribute->value = kind == HASHED ? pseudonym_of(pseudonym, attribute->value, arena) : placeholder(kind);
    return attribute->value.data ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* A placeholder may be longer than what it stands for; the schema's bounds hold all the same. */
static struct str cut(struct str text, size_t most)
{
    if (text.size <= most) return text;
    text = str_slice(text, 0, most);
    return str_slice(text, 0, str_utf8_valid_prefix(text));
}

/* Two names that became "[EMAIL]" would be a map that nobody may read. */
static void drop_repeated_names(struct str_map *attributes)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < attributes->count; i++) {
        uint32_t k = 0;
        while (k < kept && !str_equal(attributes->items[k].name, attributes->items[i].name)) k++;
        if (k == kept) attributes->items[kept++] = attributes->items[i];
    }
    attributes->count = kept;
}

int strip_feedback(struct feedback *feedback, const struct pseudonym *pseudonym, const char *language,
                   struct arena *arena, struct err *err)
{
    const struct {
        struct str *text;
        size_t most; /* as in schemas/feedback.def */
    } words[] = {{&feedback->product, 256}, {&feedback->channel, 64}, {&feedback->source, 256}, {&feedback->language, 35}};
    int rc = E_OK;
    shape_unset(feedback, feedback, text);
    feedback->extra = (struct raw_fields){0};
    if (shape_has(feedback, feedback, customer)) {
        feedback->customer = pseudonym_of(pseudonym, feedback->customer, arena);
        if (!feedback->customer.data) return err_set(err, E_NO_MEMORY, NULL);
    }
    for (size_t i = 0; i < sizeof words / sizeof *words && rc == E_OK; i++) {
        if (!words[i].text->size) continue;
        rc = redact_surely(words[i].text, language, arena, err);
        *words[i].text = cut(*words[i].text, words[i].most);
    }
    for (uint32_t i = 0; i < feedback->attributes.count && rc == E_OK; i++)
        rc = strip_attribute(&feedback->attributes.items[i], pseudonym, language, arena, err);
    drop_repeated_names(&feedback->attributes);
    return rc;
}

void strip_sections(struct record *record)
{
    for (int section = 0; section < SECTION_COUNT; section++)
        if (section != SECTION_FEEDBACK) record_drop(record, (enum section)section);
    record->unknown = (struct raw_fields){0};
}
