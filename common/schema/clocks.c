/* Parses the table of safety clocks, and finds a record's. */
#include "schema/clocks.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/list_file.h"
#include "base/nearest.h"

#define LONGEST_MS (INT64_C(3650) * 86400000)

static int bad(const struct list_file *file, struct err *err, const char *what, struct str word)
{
    return list_file_bad(file, err, "%s \"%.*s\"", what, STR_ARGS(str_slice(word, 0, 60)));
}

static bool is_region(struct str word)
{
    return word.size > 0 && word.size <= 32 &&
           ascii_consists_of(word, ASCII_LOWERS ASCII_DIGITS "-_");
}

static int parse_kind(const struct list_file *file, struct str word, uint32_t *ret_kinds,
                      struct err *err)
{
    uint32_t kind = enumeration_find(&safety_kind_enumeration, word);
    bool any = str_equal(word, STR("any")), unassessed = str_equal(word, STR("unassessed"));
    if (!any && !unassessed && kind == safety_kind_enumeration.count)
        return bad(file, err,
                   "a kind is adverse_event, hazard, product_complaint, special_situation, "
                   "unassessed or any, not",
                   word);
    *ret_kinds = any ? UINT32_MAX : unassessed ? CLOCKS_UNASSESSED : 1u << kind;
    return E_OK;
}

static int parse_seriousness(const struct list_file *file, struct str word, struct clock_line *line,
                             struct err *err)
{
    bool any = str_equal(word, STR("any"));
    line->serious = any || str_equal(word, STR("serious"));
    line->other = any || str_equal(word, STR("other"));
    return line->serious || line->other
               ? E_OK
               : bad(file, err, "seriousness is serious, other or any, not", word);
}

static int parse_time(const struct list_file *file, struct str word, int64_t *ret_ms,
                      struct err *err)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    uint64_t number = 0;
    for (size_t i = 0; word.size > 1 && i < sizeof units / sizeof units[0]; i++) {
        if (word.data[word.size - 1] != units[i].unit) continue;
        if (!str_to_u64(str_slice(word, 0, word.size - 1), &number) || number == 0) break;
        if (number > (uint64_t)(LONGEST_MS / units[i].ms)) break;
        *ret_ms = (int64_t)number * units[i].ms;
        return E_OK;
    }
    return bad(file, err, "a time is a number with m, h or d, at most 3650d, not", word);
}

static int parse_line(const struct list_file *file, struct str rest, struct clocks *clocks,
                      struct err *err)
{
    if (clocks->count == CLOCKS_MAX) return bad(file, err, "too many lines, at", rest);
    struct clock_line *line = &clocks->lines[clocks->count];
    struct str region = str_cut_word(&rest), kind = str_cut_word(&rest),
               seriousness = str_cut_word(&rest);
    struct str time = str_cut_word(&rest);
    *line = (struct clock_line){
        .region_size = (uint32_t)region.size, .anywhere = str_equal(region, STR("any"))};
    if (!is_region(region))
        return bad(file, err, "a region is a-z, 0-9, '-' or '_', at most 32 of them, not", region);
    int rc = parse_kind(file, kind, &line->kinds, err);
    if (!rc) rc = parse_seriousness(file, seriousness, line, err);
    if (!rc) rc = parse_time(file, time, &line->after_ms, err);
    if (!rc && str_trim(rest).size)
        rc = bad(file, err, "nothing comes behind the time, but", str_trim(rest));
    if (rc) return rc;
    snprintf(line->name, sizeof line->name, "%.*s %.*s %.*s", STR_ARGS(region), STR_ARGS(kind),
             STR_ARGS(seriousness));
    clocks->count++;
    return E_OK;
}

int clocks_parse(const char *path, struct str content, struct clocks *ret_clocks, struct err *err)
{
    struct list_file file = {.path = path, .rest = content, .comments_in_line = true};
    struct str line;
    int rc = E_OK;
    ret_clocks->count = 0;
    while (!rc && list_file_next(&file, &line)) rc = parse_line(&file, line, ret_clocks, err);
    if (!rc && !ret_clocks->count) rc = err_set(err, E_BAD_CONFIG, "%s: holds no clock", path);
    return rc;
}

int clocks_open(const char *path, struct clocks *ret_clocks, struct err *err)
{
    struct buffer file = {0};
    int rc = buffer_read_text(&file, path, CLOCKS_FILE_BYTES_MAX, err);
    if (!rc) rc = clocks_parse(path, buffer_str(&file), ret_clocks, err);
    buffer_deinit(&file);
    return rc;
}

static struct str region_of(const struct clock_line *line)
{
    return str_make(line->name, line->region_size);
}

bool clocks_know(const struct clocks *clocks, struct str region)
{
    for (uint32_t i = 0; i < clocks->count; i++)
        if (!clocks->lines[i].anywhere && str_equal(region_of(&clocks->lines[i]), region))
            return true;
    return false;
}

static int bad_region(const struct nearest *nearest, struct err *err)
{
    struct str region = str_slice(nearest->name, 0, 60);
    if (!nearest->found.data)
        return err_set(err, E_BAD_CONFIG, "preprocess.regions: no clock has the region \"%.*s\"",
                       STR_ARGS(region));
    return err_set(err, E_BAD_CONFIG,
                   "preprocess.regions: no clock has the region \"%.*s\"; did you mean \"%.*s\"?",
                   STR_ARGS(region), STR_ARGS(nearest->found));
}

int clocks_check_regions(const struct clocks *clocks, struct str regions, struct err *err)
{
    while (regions.size) {
        struct str region = str_trim(str_cut(&regions, ','));
        if (!region.size || clocks_know(clocks, region)) continue;
        struct nearest nearest = nearest_to(region);
        for (uint32_t i = 0; i < clocks->count; i++)
            if (!clocks->lines[i].anywhere) nearest_offer(&nearest, region_of(&clocks->lines[i]));
        return bad_region(&nearest, err);
    }
    return E_OK;
}

static bool is_chosen(const struct clock_line *line, struct str regions)
{
    if (!regions.size || line->anywhere) return true;
    while (regions.size)
        if (str_equal(str_trim(str_cut(&regions, ',')), region_of(line))) return true;
    return false;
}

const struct clock_line *clocks_find(const struct clocks *clocks, struct str regions,
                                     uint32_t kinds, bool serious)
{
    const struct clock_line *found = NULL;
    for (uint32_t i = 0; i < clocks->count; i++) {
        const struct clock_line *line = &clocks->lines[i];
        if (!(line->kinds & kinds) || !(serious ? line->serious : line->other)) continue;
        if (is_chosen(line, regions) && (!found || line->after_ms < found->after_ms)) found = line;
    }
    return found;
}

static struct str regions_of(const struct clocks *clocks, const struct feedback *feedback,
                             struct str regions)
{
    struct str own = str_map_get(&feedback->attributes, STR("region"));
    return clocks_know(clocks, own) ? own : regions;
}

void clocks_set_due(const struct clocks *clocks, const struct feedback *feedback,
                    struct str regions, struct safety *safety)
{
    if (safety->state == ENUM_safety_state_negative) return;
    bool known = safety->state == ENUM_safety_state_positive;
    regions = regions_of(clocks, feedback, regions);
    const struct clock_line *line = clocks_find(
        clocks, regions, known ? safety->kinds : CLOCKS_UNASSESSED, safety->serious);
    if (!line) return;
    shape_set(safety, safety, due_at, safety->received_at + line->after_ms);
    shape_set(safety, safety, clock, str_of(line->name));
}
