/* Notes of ids, spilled, sorted, judged. */
#include "archive/ids.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Opened when the first note comes: a small archive needs few. */
static int open_file(struct ids *ids, size_t at, struct err *err)
{
    if (ids->files[at]) return E_OK;
    int file = open(ids->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 && (ids->files[at] = fdopen(file, "w+b"))) return E_OK;
    int rc = err_system(err, E_NO_OUTPUT, "temporary files in %s", ids->folder);
    if (file >= 0) close(file);
    return rc;
}

int ids_init(struct ids *ids, const char *folder, struct err *err)
{
    *ids = (struct ids){.folder = folder};
    return open_file(ids, 0, err);
}

void ids_deinit(struct ids *ids)
{
    for (int i = 0; i < IDS_FILES; i++)
        if (ids->files[i]) fclose(ids->files[i]);
    *ids = (struct ids){0};
}

int ids_add(struct ids *ids, struct str id, struct str mark, struct id_note note, struct err *err)
{
    uint64_t seed = mark.size ? hash_fast(mark, 1) : 0;
    note.id_hash = ledger_hash(id);
    note.hash = hash_fast(id, seed);
    note.other_hash = hash_fast(id, seed + 1);
    note.resent = mark.size > 0;
    ids->notes++;
    int rc = open_file(ids, note.hash >> 56, err);
    if (rc != E_OK) return rc;
    if (fwrite(&note, sizeof note, 1, ids->files[note.hash >> 56]) == 1) return E_OK;
    return err_system(err, E_IO, "temporary files");
}

/* --- judging ---------------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
    const struct id_note *a = left, *b = right;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    if (a->other_hash != b->other_hash) return a->other_hash < b->other_hash ? -1 : 1;
    if (a->what != b->what) return a->what < b->what ? -1 : 1;
    if (a->partition != b->partition) return a->partition < b->partition ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* How often an id is at each place of the way. */
struct way {
    const struct id_note *last[STAGES + 1]; /* its last note there */
    uint64_t at[STAGES + 1], waiting[STAGES + 1], letters[STAGES + 1];
    const struct id_note *letter;
};

static struct way way_of(const struct id_note *notes, size_t count)
{
    struct way way = {0};
    for (size_t i = 0; i < count; i++) {
        const struct id_note *note = &notes[i];
        if (note->what == IDS_LETTER) {
            way.letters[note->of]++;
            way.letter = note;
            continue;
        }
        way.at[note->what]++;
        way.waiting[note->what] += note->waiting;
        way.last[note->what] = note;
    }
    return way;
}

static struct finding found_at(enum finding_kind kind, const struct id_note *note)
{
    enum topic topic = note->what == IDS_LETTER ? TOPIC_DEAD_LETTERS
                       : note->what == STAGES   ? TOPIC_INSIGHTS
                                                : stages[note->what].reads;
    return (struct finding){
        .kind = kind, .topic = topic, .partition = note->partition, .offset = note->offset};
}

/* A record that was sent again begins its way where it was sent to. */
static int first_stage(const struct way *way, bool resent)
{
    int first = 0;
    while (resent && first < STAGES && !way->at[first] && !way->letters[first]) first++;
    return first;
}

static void judge_doubled(const struct way *way, int stage, struct findings *findings)
{
    uint64_t came = way->at[stage + 1] + way->letters[stage];
    if (came <= way->at[stage]) return;
    const struct id_note *note = way->at[stage + 1] ? way->last[stage + 1] : way->letter;
    const char *reads = topic_info(stages[stage].reads)->name;
    if (way->at[stage] == 0)
        findings_add(findings, found_at(FINDING_DOUBLED, note), "%s holds no record of its id",
                     reads);
    else
        findings_add(findings, found_at(FINDING_DOUBLED, note),
                     "%s holds %llu of its id, and %llu came of them", reads,
                     (unsigned long long)way->at[stage], (unsigned long long)came);
}

/* What was read, and nothing came of it. */
static uint64_t missing(const struct way *way, int stage)
{
    uint64_t came = way->at[stage + 1] + way->letters[stage] + way->waiting[stage];
    return came < way->at[stage] ? way->at[stage] - came : 0;
}

/* One record of an id that came several times may have been dropped, never all of them, unless the
 * first came before what is looked at. */
static void note_dropped(struct ids *ids, const struct way *way, struct id_note *vanished)
{
    uint64_t dropped = missing(way, 0);
    if (dropped == 0 || way->last[0]->resent) return;
    ids->dropped.records += dropped;
    ids->dropped.ids += dropped * way->last[0]->id_hash;
    if (dropped == way->at[0] && vanished->offset < 0) *vanished = *way->last[0];
}

static void judge(struct ids *ids, const struct id_note *notes, size_t count,
                  struct findings *findings, struct id_note *vanished)
{
    struct way way = way_of(notes, count);
    for (int stage = first_stage(&way, notes[0].resent); stage < STAGES; stage++) {
        judge_doubled(&way, stage, findings);
        if (stage == 0)
            note_dropped(ids, &way, vanished);
        else if (missing(&way, stage))
            findings_add(findings, found_at(FINDING_LOST, way.last[stage]),
                         "%s read it, and nothing came of it", stages[stage].worker);
    }
    if (!notes[0].resent && way.at[STAGES] > 1) ids->repeated += way.at[STAGES] - 1;
}

static int judge_file(struct ids *ids, FILE *file, struct findings *findings,
                      struct id_note *vanished, struct err *err)
{
    long size = fflush(file) || fseek(file, 0, SEEK_END) ? -1 : ftell(file);
    if (size < 0 || fseek(file, 0, SEEK_SET)) return err_system(err, E_IO, "temporary files");
    size_t count = (size_t)size / sizeof(struct id_note);
    if (count == 0) return E_OK;
    struct id_note *notes = malloc(count * sizeof *notes);
    if (!notes) return err_set(err, E_NO_MEMORY, NULL);
    int rc = fread(notes, sizeof *notes, count, file) == count
                 ? E_OK
                 : err_system(err, E_IO, "temporary files");
    if (rc == E_OK) qsort(notes, count, sizeof *notes, compare);
    for (size_t from = 0, to; rc == E_OK && from < count; from = to) {
        to = from + 1;
        while (to < count && notes[to].hash == notes[from].hash &&
               notes[to].other_hash == notes[from].other_hash)
            to++;
        judge(ids, notes + from, to - from, findings, vanished);
    }
    free(notes);
    return rc;
}

int ids_judge(struct ids *ids, struct findings *findings, struct id_note *vanished, struct err *err)
{
    int rc = E_OK;
    *vanished = (struct id_note){.offset = -1};
    for (int i = 0; rc == E_OK && i < IDS_FILES; i++)
        if (ids->files[i]) rc = judge_file(ids, ids->files[i], findings, vanished, err);
    return rc;
}
