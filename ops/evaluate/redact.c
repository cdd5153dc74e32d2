/* Personal data: what is left of the values that the file marks, and how many texts
 * without any are altered.
 *
 * Left: the whole value stands in the document's text, as a word, after the same clean-up. Partly:
 * not the whole, but one of its words of four letters or digits and more. */
#include "base/ascii.h"
#include "ops/evaluate/evaluate.h"
#include "text/clean.h"

enum { NO_KIND = ENUM_redaction_kind_count, PART_BYTES_MIN = 4 };

/* What others call our kinds: Presidio, MEDDOCAN, and common words for them. */
static const struct label types[] = {
    {"email", ENUM_redaction_kind_email}, {"email_address", ENUM_redaction_kind_email},
    {"correo_electronico", ENUM_redaction_kind_email},
    {"phone", ENUM_redaction_kind_phone}, {"phone_number", ENUM_redaction_kind_phone},
    {"numero_telefono", ENUM_redaction_kind_phone}, {"numero_fax", ENUM_redaction_kind_phone},
    {"person", ENUM_redaction_kind_person}, {"name", ENUM_redaction_kind_person},
    {"nombre_sujeto_asistencia", ENUM_redaction_kind_person},
    {"nombre_personal_sanitario", ENUM_redaction_kind_person},
    {"address", ENUM_redaction_kind_address}, {"street_address", ENUM_redaction_kind_address},
    {"zip_code", ENUM_redaction_kind_address}, {"calle", ENUM_redaction_kind_address},
    {"card", ENUM_redaction_kind_card}, {"credit_card", ENUM_redaction_kind_card},
    {"iban", ENUM_redaction_kind_iban}, {"iban_code", ENUM_redaction_kind_iban},
    {"national_id", ENUM_redaction_kind_national_id}, {"us_ssn", ENUM_redaction_kind_national_id},
    {"ssn", ENUM_redaction_kind_national_id},
    {"us_driver_license", ENUM_redaction_kind_national_id},
    {"driver_license", ENUM_redaction_kind_national_id},
    {"passport", ENUM_redaction_kind_national_id},
    {"passport_num", ENUM_redaction_kind_national_id}, {"pan", ENUM_redaction_kind_national_id},
    {"aadhar", ENUM_redaction_kind_national_id}, {"tax_id", ENUM_redaction_kind_national_id},
    {"taxid", ENUM_redaction_kind_national_id},
    {"ip", ENUM_redaction_kind_ip}, {"ip_address", ENUM_redaction_kind_ip},
    {"url", ENUM_redaction_kind_url},
    {"date_of_birth", ENUM_redaction_kind_date_of_birth},
    {"dob", ENUM_redaction_kind_date_of_birth},
    {"account", ENUM_redaction_kind_account}, {"account_number", ENUM_redaction_kind_account},
    {"bank_account", ENUM_redaction_kind_account},
    {"id_sujeto_asistencia", ENUM_redaction_kind_account},
    {"id_aseguramiento", ENUM_redaction_kind_account},
    {"secret", ENUM_redaction_kind_secret}, {"password", ENUM_redaction_kind_secret}, {NULL, 0},
};

static uint32_t kind_of(struct str type)
{
    struct err err;
    uint32_t kind;
    return label_find(types, type, &kind, &err) ? (uint32_t)NO_KIND : kind;
}

static bool is_word(char c)
{
    return ascii_is_letter_or_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Whether `value` stands in the text with no letter or digit beside it. */
static bool stands_in(struct str text, struct str value)
{
    for (size_t from = 0; value.size;) {
        struct str rest = str_slice(text, from, text.size);
        size_t at = str_find(rest, value), end = from + at + value.size;
        if (at == rest.size) return false;
        bool left = from + at == 0 || !is_word(text.data[from + at - 1]),
             right = end == text.size || !is_word(text.data[end]);
        if (left && right) return true;
        from += at + 1;
    }
    return false;
}

static bool partly_stands_in(struct str text, struct str value)
{
    size_t start = 0;
    for (size_t i = 0; i <= value.size; i++) {
        if (i < value.size && is_word(value.data[i])) continue;
        if (i - start >= PART_BYTES_MIN && stands_in(text, str_slice(value, start, i))) return true;
        start = i + 1;
    }
    return false;
}

static int judge(struct evaluation *evaluation, const struct example *example,
                 const struct verdict *verdict, struct arena *arena, struct err *err)
{
    struct redact_count *count = &evaluation->redact;
    struct str text = verdict->document.text, value;
    for (uint32_t i = 0; i < example->span_count; i++) {
        uint32_t kind = kind_of(example->spans[i].type);
        if (kind == NO_KIND) continue;
        int rc = text_clean(str_trim(example->spans[i].value), arena, &value, err);
        if (rc) return rc;
        bool left = stands_in(text, str_trim(value));
        count->kinds[kind].values++;
        count->kinds[kind].left += left;
        count->kinds[kind].partly += !left && partly_stands_in(text, value);
    }
    count->plain += example->span_count == 0;
    count->plain_altered += example->span_count == 0 && verdict->document.redactions.count;
    return E_OK;
}

static void sum_up(const struct evaluation *evaluation, struct figures *figures)
{
    const struct redact_count *count = &evaluation->redact;
    for (uint32_t kind = 0; kind < ENUM_redaction_kind_count; kind++) {
        const char *name = redaction_kind_enumeration.values[kind];
        if (!count->kinds[kind].values) continue;
        figures_count(figures, name, "values", count->kinds[kind].values);
        figures_share(figures, name, "left", count->kinds[kind].left, count->kinds[kind].values, 1);
        figures_share(figures, name, "partly", count->kinds[kind].partly, count->kinds[kind].values,
                      1);
    }
    figures_count(figures, NULL, "texts_without", count->plain);
    figures_share(figures, NULL, "altered_per_1000", count->plain_altered, count->plain, 1000);
}

static void start(struct evaluation *evaluation)
{
    (void)evaluation;
}

const struct evaluation_task evaluate_redact = {
    .name = "redact",
    .labels = "none; spans, in NDJSON only, by type: the kinds of schemas/enums.def, or Presidio's "
              "and MEDDOCAN's names",
    .start = start,
    .judge = judge,
    .sum_up = sum_up,
};
